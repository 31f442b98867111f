/*
 * trace - any values of traceparent and tracestate: what comes out is well-formed, and when it is
 * handed on it is accepted as it is.
 */
#include "fuzz.h"
#include "heads.h"
#include "pellucid/conf.h"

static const enum pel_header_id ids[] = {PEL_HEADER_TRACEPARENT, PEL_HEADER_TRACESTATE};

static char tracecontext[] = "tracecontext";
static char *propagators[] = {tracecontext};
static const struct pel_conf conf = {
    .trace_parent_based = true,
    .trace_ratio = 0.5,
    .trace_propagators = {propagators, 1},
};

static void check_handed_on(const struct pel_trace *trace)
{
    char text[PEL_TRACEPARENT_LEN];
    struct pel_record rec = {0};
    const struct pel_trace *again = &rec.trace;
    struct heads h;

    heads_init(&h, NULL, 0, ids, PEL_ARRAY_LEN(ids));
    pel_trace_format(trace, text);
    heads_add(&h, PEL_HEADER_TRACEPARENT, pel_str(text, sizeof(text)));
    heads_add(&h, PEL_HEADER_TRACESTATE, trace->state);
    pel_trace_accept(&conf, &h.head, false, &h.arena, &rec);
    PEL_ASSERT(again->has_parent && again->flags == trace->flags);
    PEL_ASSERT(memcmp(again->trace_id, trace->trace_id, sizeof(again->trace_id)) == 0);
    PEL_ASSERT(memcmp(again->parent_span_id, trace->span_id, sizeof(again->span_id)) == 0);
    PEL_ASSERT(pel_str_eq(again->state, trace->state));
    heads_fini(&h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct pel_record rec = {0};
    const struct pel_trace *trace = &rec.trace;
    struct heads h;

    heads_init(&h, data, len, ids, PEL_ARRAY_LEN(ids));
    pel_trace_accept(&conf, &h.head, false, &h.arena, &rec);
    PEL_ASSERT(trace->has_parent || trace->state.len == 0 ||
               (pel_str_eq(trace->state, PEL_STR("ot=th:8")) && (trace->flags & 1)));
    PEL_ASSERT((trace->flags & ~3) == 0);
    check_handed_on(trace);
    heads_fini(&h);
    return 0;
}
