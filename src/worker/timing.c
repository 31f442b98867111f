#include "timing.h"
#include "h1.h"
#include "http/field.h"
#include "pellucid/time.h"

#define METRICS_MAX 3
#define METRIC_ROOM (sizeof(", total;dur=.000") + PEL_NUMBER_MAX)

/* "app;dur=1.204", in milliseconds. */
static char *put_metric(char *at, struct pel_str name, uint64_t ns)
{
    uint64_t us = ns / PEL_NS_PER_US, rest = us % 1000;

    at = pel_put(at, name);
    at = pel_put(at, PEL_STR(";dur="));
    at = pel_put_number(at, us / 1000);
    *at++ = '.';
    *at++ = (char)('0' + rest / 100);
    *at++ = (char)('0' + rest / 10 % 10);
    *at++ = (char)('0' + rest % 10);
    return at;
}

static uint64_t since(const struct pel_record *rec, enum pel_stamp stamp, uint64_t now_ns)
{
    uint64_t then_ns = rec->stamp_ns[stamp];

    return then_ns && now_ns > then_ns ? now_ns - then_ns : 0;
}

void pel_timing_add(struct pel_h1 *h1)
{
    const struct pel_record *rec = &h1->rq.rec;
    uint64_t now_ns = pel_now_ns();
    char text[METRICS_MAX * METRIC_ROOM], *at = text;
    struct pel_field field = {PEL_STR("Server-Timing"), PEL_STR_NONE};

    at = put_metric(at, PEL_STR("queue"), pel_h1_queue_ns(h1));
    at = put_metric(at, PEL_STR(", app"), since(rec, PEL_STAMP_APP_START, now_ns));
    at = put_metric(at, PEL_STR(", total"), since(rec, PEL_STAMP_FIRST_BYTE, now_ns));
    field.value = pel_str(text, (size_t)(at - text));
    pel_response_add(&h1->out, &field);
}
