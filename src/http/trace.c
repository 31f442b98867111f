#include <endian.h>

#include "http/propagator.h"
#include "http/random.h"
#include "http/sampling.h"
#include "http/syntax.h"
#include "http/tracestate.h"
#include "pellucid/conf.h"
#include "pellucid/hex.h"

/* Where the fields of a traceparent stand, W3C Trace Context Level 2, 3.2. */
#define VERSION_AT 0
#define TRACE_AT 3
#define SPAN_AT 36
#define FLAGS_AT 53

#define FLAG_RANDOM 0x02

/* Fills trace_id, parent_span_id and the flags that we know. A later version may have more fields,
 * behind another dash. */
static bool parse_parent(struct pel_str s, struct pel_trace *out)
{
    uint8_t version = 0, flags = 0;
    bool is_zero;

    if (s.len < PEL_TRACEPARENT_LEN || s.p[TRACE_AT - 1] != '-' || s.p[SPAN_AT - 1] != '-' ||
        s.p[FLAGS_AT - 1] != '-')
        return false;
    is_zero = s.p[VERSION_AT] == '0' && s.p[VERSION_AT + 1] == '0';
    if (!is_zero &&
        (!pel_trace_read_id(pel_str(s.p + VERSION_AT, 2), &version, 1) || version == 0xff))
        return false;
    if (s.len > PEL_TRACEPARENT_LEN && (is_zero || s.p[PEL_TRACEPARENT_LEN] != '-'))
        return false;
    if (!pel_trace_read_id(pel_str(s.p + TRACE_AT, 32), out->trace_id, 16) ||
        !pel_trace_read_id(pel_str(s.p + SPAN_AT, 16), out->parent_span_id, 8))
        return false;
    if (!pel_trace_read_id(pel_str(s.p + FLAGS_AT, 2), &flags, 1) &&
        memcmp(s.p + FLAGS_AT, "00", 2) != 0)
        return false;
    out->flags = flags & (PEL_TRACE_SAMPLED | FLAG_RANDOM);
    return true;
}

/* A second traceparent makes both worthless. */
static bool take_parent(const struct pel_head *head, struct pel_trace *out)
{
    const struct pel_header *found = NULL;

    for (size_t i = 0; i < head->n_headers; i++) {
        if (head->headers[i].id != PEL_HEADER_TRACEPARENT)
            continue;
        if (found)
            return false;
        found = &head->headers[i];
    }
    return found && parse_parent(found->value, out);
}

static void draw(uint8_t *out, size_t len)
{
    do {
        for (size_t i = 0; i < len; i += sizeof(uint64_t)) {
            uint64_t bits = pel_random_next();

            memcpy(out + i, &bits, sizeof(bits));
        }
    } while (out[len - 1] == 0 && memcmp(out, out + 1, len - 1) == 0);
}

/* The random value of the trace, and what its tracestate says of sampling so far. */
static struct pel_sampling read_sampling(const struct pel_trace *trace)
{
    struct pel_sampling s = {.threshold = PEL_THRESHOLD_NONE};
    uint64_t end;

    memcpy(&end, trace->trace_id + sizeof(trace->trace_id) - sizeof(end), sizeof(end));
    s.randomness = be64toh(end) & (PEL_THRESHOLD_NONE - 1);
    if (trace->state.len)
        pel_sampling_read(&s, trace->state);
    return s;
}

static void begin_trace(struct pel_trace *out)
{
    memset(out->parent_span_id, 0, sizeof(out->parent_span_id));
    draw(out->trace_id, sizeof(out->trace_id));
    out->flags = FLAG_RANDOM;
}

/* Our own decision, whatever a parent's was. A new trace of which all are kept tells no threshold:
 * there it would only make every request carry a tracestate. */
static void decide(const struct pel_conf *conf, const struct pel_conf_route *route,
                   struct pel_arena *arena, struct pel_trace *out)
{
    double ratio = route && route->trace_ratio >= 0 ? route->trace_ratio : conf->trace_ratio;
    uint64_t threshold = pel_sampling_threshold(ratio);
    struct pel_sampling s = read_sampling(out);
    bool is_sampled = s.randomness >= threshold;

    out->flags &= (uint8_t)~PEL_TRACE_SAMPLED;
    if (is_sampled)
        out->flags |= PEL_TRACE_SAMPLED;
    if (s.has_threshold || (is_sampled && threshold > 0))
        out->state =
            pel_sampling_write(out->state, is_sampled ? threshold : PEL_THRESHOLD_NONE, arena);
}

/* The parent's decision holds. A threshold that does not fit it is wrong and goes no further. */
static void follow_parent(struct pel_arena *arena, struct pel_trace *out)
{
    bool is_sampled = out->flags & PEL_TRACE_SAMPLED;
    struct pel_sampling s;

    if (out->state.len == 0)
        return;
    s = read_sampling(out);
    if (s.has_threshold &&
        (s.threshold == PEL_THRESHOLD_NONE || (s.randomness >= s.threshold) != is_sampled))
        out->state = pel_sampling_write(out->state, PEL_THRESHOLD_NONE, arena);
}

enum context {
    CONTEXT_NONE = 0,
    CONTEXT_W3C,
    CONTEXT_OTHER,
    CONTEXT_UNDECIDED, /* another one, which leaves the sampling decision to us */
};

/* The first of trace.propagators whose fields are there and good. */
static enum context find_context(const struct pel_conf *conf, const struct pel_head *head,
                                 struct pel_trace *out)
{
    bool is_undecided;

    if (PEL_LIKELY(
            !(head->known & (PEL_HEADER_BIT(PEL_HEADER_TRACEPARENT) | PEL_PROPAGATOR_FIELDS))))
        return CONTEXT_NONE;
    for (size_t i = 0; i < conf->trace_propagators.n; i++) {
        const char *word = conf->trace_propagators.items[i];

        if (strcmp(word, "tracecontext") == 0 && take_parent(head, out))
            return CONTEXT_W3C;
        if (pel_propagator_take(word, head, out, &is_undecided))
            return is_undecided ? CONTEXT_UNDECIDED : CONTEXT_OTHER;
    }
    return CONTEXT_NONE;
}

/* The format that is continued need not be the one that says it: the W3C's cannot. */
static bool is_debug(const struct pel_conf *conf, const struct pel_head *head,
                     const struct pel_trace *trace)
{
    struct pel_trace said;
    bool is_undecided;

    for (size_t i = 0; i < conf->trace_propagators.n; i++) {
        if (pel_propagator_take(conf->trace_propagators.items[i], head, &said, &is_undecided) &&
            said.is_debug && memcmp(said.trace_id, trace->trace_id, sizeof(said.trace_id)) == 0)
            return true;
    }
    return false;
}

static bool is_trusted(const struct pel_conf *conf, struct pel_str peer, bool is_unix)
{
    if (PEL_LIKELY(conf->trace_trust == PEL_TRUST_ALL))
        return true;
    return conf->trace_trust == PEL_TRUST_PROXIES && pel_origin_is_proxy(conf, peer, is_unix);
}

static void make_link(struct pel_trace *out)
{
    memcpy(out->link.trace_id, out->trace_id, sizeof(out->link.trace_id));
    memcpy(out->link.span_id, out->parent_span_id, sizeof(out->link.span_id));
    out->link.flags = out->flags;
}

void pel_trace_accept(const struct pel_conf *conf, const struct pel_head *head, bool is_unix,
                      struct pel_arena *arena, struct pel_record *rec)
{
    struct pel_trace *out = &rec->trace;
    enum context came = find_context(conf, head, out);

    out->state = PEL_STR("");
    out->has_parent = came != CONTEXT_NONE;
    out->is_strange = !is_trusted(conf, rec->peer, is_unix);
    out->has_link = out->has_parent && out->is_strange;
    if (PEL_UNLIKELY(out->has_link)) {
        make_link(out);
        out->has_parent = false;
    }
    if (!out->has_parent)
        begin_trace(out);
    else if (came == CONTEXT_W3C && (head->known & PEL_HEADER_BIT(PEL_HEADER_TRACESTATE)))
        out->state = pel_tracestate_join(head, arena);
    if (out->has_parent && came != CONTEXT_UNDECIDED && conf->trace_parent_based)
        follow_parent(arena, out);
    else
        decide(conf, rec->conf_route, arena, out);
    out->is_debug = out->has_parent && (out->flags & PEL_TRACE_SAMPLED) &&
                    (head->known & PEL_PROPAGATOR_FIELDS) && is_debug(conf, head, out);
    draw(out->span_id, sizeof(out->span_id));
}

void pel_trace_format(const struct pel_trace *trace, char out[PEL_TRACEPARENT_LEN])
{
    char *at = out;

    memcpy(at, "00-", TRACE_AT);
    at = pel_put_hex(at + TRACE_AT, trace->trace_id, sizeof(trace->trace_id));
    *at++ = '-';
    at = pel_put_hex(at, trace->span_id, sizeof(trace->span_id));
    *at++ = '-';
    pel_put_hex(at, &trace->flags, 1);
}
