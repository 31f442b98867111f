#include <inttypes.h>
#include <stdio.h>

#include "otlp.pb-c.h"
#include "outcome.h"

/* The answers to all signals look alike but for the name of rejected_spans. */
static void read_success(struct pel_outcome *o, const struct pel_post *post, const char *items)
{
    Otlp__ExportTraceServiceResponse *r = otlp__export_trace_service_response__unpack(
        NULL, post->answer.len, (const uint8_t *)post->answer.p);
    const Otlp__ExportTracePartialSuccess *partial = r ? r->partial_success : NULL;
    const char *text = partial && partial->error_message ? partial->error_message : "";

    o->verdict = PEL_VERDICT_DONE;
    if (partial && partial->rejected_spans > 0) {
        o->n_rejected = (uint64_t)partial->rejected_spans;
        snprintf(o->why, sizeof(o->why), "%" PRIu64 " %s rejected: %s", o->n_rejected, items, text);
    } else if (text[0]) {
        snprintf(o->why, sizeof(o->why), "accepted, with a warning: %s", text);
    }
    if (r)
        otlp__export_trace_service_response__free_unpacked(r, NULL);
}

static void read_refusal(struct pel_outcome *o, const struct pel_post *post)
{
    Otlp__Refusal *r =
        otlp__refusal__unpack(NULL, post->answer.len, (const uint8_t *)post->answer.p);

    if (r && r->message && r->message[0])
        snprintf(o->why, sizeof(o->why), "HTTP status %ld, %s", post->status, r->message);
    else
        snprintf(o->why, sizeof(o->why), "HTTP status %ld", post->status);
    if (r)
        otlp__refusal__free_unpacked(r, NULL);
}

static enum pel_verdict judge(const struct pel_post *post)
{
    switch (post->status) {
    case 429:
    case 502:
    case 503:
    case 504:
        return PEL_VERDICT_RETRY;
    case 413:
        return PEL_VERDICT_SPLIT;
    default:
        return PEL_VERDICT_LOST;
    }
}

void pel_outcome_read(struct pel_outcome *o, const struct pel_post *post, const char *items)
{
    *o = (struct pel_outcome){.n_rejected = 0};
    if (post->status >= 200 && post->status < 300) {
        read_success(o, post, items);
        return;
    }
    if (post->status == 0) {
        o->verdict = post->is_retryable ? PEL_VERDICT_RETRY : PEL_VERDICT_LOST;
        snprintf(o->why, sizeof(o->why), "%s", post->error);
        return;
    }
    o->verdict = judge(post);
    read_refusal(o, post);
}
