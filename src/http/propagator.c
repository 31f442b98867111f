#include "http/propagator.h"
#include "http/syntax.h"
#include "pellucid/conf.h"
#include "pellucid/hex.h"
#include "pellucid/put.h"

bool pel_trace_read_id(struct pel_str s, uint8_t *out, size_t len)
{
    uint8_t any = 0;

    if (s.len > 2 * len || !pel_syntax_is_all(s, PEL_SYNTAX_LOHEX))
        return false;
    memset(out, 0, len);
    for (size_t i = 0; i < s.len; i++) {
        size_t at = 2 * len - s.len + i;
        int digit = pel_syntax_hex(s.p[i]);

        out[at / 2] |= (uint8_t)(at % 2 ? digit : digit << 4);
        any |= (uint8_t)digit;
    }
    return any != 0;
}

/* What is before the next separator, which goes, too. */
static struct pel_str take_part(struct pel_str *rest, char separator)
{
    const char *end = rest->len ? memchr(rest->p, separator, rest->len) : NULL;
    size_t len = end ? (size_t)(end - rest->p) : rest->len;
    struct pel_str part = pel_str(rest->p, len);

    len += end ? 1 : 0;
    *rest = pel_str(rest->p + len, rest->len - len);
    return part;
}

/* --- B3 --- */

static bool read_b3(struct pel_str trace, struct pel_str span, struct pel_str sampled,
                    struct pel_trace *out, bool *is_undecided)
{
    bool is_debug = pel_str_eq(sampled, PEL_STR("d"));
    bool is_yes =
        is_debug || pel_str_eq(sampled, PEL_STR("1")) || pel_str_eq(sampled, PEL_STR("true"));

    if (!is_yes && sampled.len && !pel_str_eq(sampled, PEL_STR("0")) &&
        !pel_str_eq(sampled, PEL_STR("false")))
        return false;
    *is_undecided = sampled.len == 0;
    out->flags = is_yes ? PEL_TRACE_SAMPLED : 0;
    out->is_debug = is_debug;
    return (trace.len == 32 || trace.len == 16) && span.len == 16 &&
           pel_trace_read_id(trace, out->trace_id, sizeof(out->trace_id)) &&
           pel_trace_read_id(span, out->parent_span_id, sizeof(out->parent_span_id));
}

/* trace-span, trace-span-sampled or trace-span-sampled-parent. */
static bool take_b3(const struct pel_head *head, struct pel_trace *out, bool *is_undecided)
{
    struct pel_str rest = pel_head_get(head, PEL_HEADER_B3);
    struct pel_str trace = take_part(&rest, '-'), span = take_part(&rest, '-');
    struct pel_str sampled = take_part(&rest, '-');

    if (rest.len && (rest.len != 16 || !pel_syntax_is_all(rest, PEL_SYNTAX_LOHEX)))
        return false;
    return read_b3(trace, span, sampled, out, is_undecided);
}

static bool take_b3multi(const struct pel_head *head, struct pel_trace *out, bool *is_undecided)
{
    struct pel_str sampled = pel_head_get(head, PEL_HEADER_X_B3_SAMPLED);

    /* Debug: sampled, and no other field says so. */
    if (pel_str_eq(pel_head_get(head, PEL_HEADER_X_B3_FLAGS), PEL_STR("1")))
        sampled = PEL_STR("d");
    return read_b3(pel_head_get(head, PEL_HEADER_X_B3_TRACEID),
                   pel_head_get(head, PEL_HEADER_X_B3_SPANID), sampled, out, is_undecided);
}

/* --- Jaeger --- */

#define JAEGER_DEBUG 0x02 /* of its flags; the lowest is the same as the W3C's */

/* trace:span:parent:flags, leading zeros left out as one likes. */
static bool take_jaeger(const struct pel_head *head, struct pel_trace *out, bool *is_undecided)
{
    struct pel_str rest = pel_head_get(head, PEL_HEADER_UBER_TRACE_ID);
    struct pel_str trace = take_part(&rest, ':'), span = take_part(&rest, ':');
    uint8_t flags = 0;

    take_part(&rest, ':');
    if (rest.len == 0 || rest.len > 2 || !pel_syntax_is_all(rest, PEL_SYNTAX_LOHEX))
        return false;
    pel_trace_read_id(rest, &flags, 1);
    *is_undecided = false;
    out->is_debug = flags & JAEGER_DEBUG;
    out->flags = out->is_debug ? PEL_TRACE_SAMPLED : flags & PEL_TRACE_SAMPLED;
    return pel_trace_read_id(trace, out->trace_id, sizeof(out->trace_id)) &&
           pel_trace_read_id(span, out->parent_span_id, sizeof(out->parent_span_id));
}

/* --- all of them --- */

static const struct {
    const char *word;
    enum pel_header_id id; /* without which there is no context */
    bool (*take)(const struct pel_head *head, struct pel_trace *out, bool *is_undecided);
    uint64_t fields; /* that the app does not see as they came */
} formats[] = {
    {"b3", PEL_HEADER_B3, take_b3, PEL_HEADER_BIT(PEL_HEADER_B3)},
    {"b3multi", PEL_HEADER_X_B3_TRACEID, take_b3multi,
     PEL_HEADER_BIT(PEL_HEADER_X_B3_TRACEID) | PEL_HEADER_BIT(PEL_HEADER_X_B3_SPANID) |
         PEL_HEADER_BIT(PEL_HEADER_X_B3_PARENTSPANID) | PEL_HEADER_BIT(PEL_HEADER_X_B3_SAMPLED) |
         PEL_HEADER_BIT(PEL_HEADER_X_B3_FLAGS)},
    {"jaeger", PEL_HEADER_UBER_TRACE_ID, take_jaeger, PEL_HEADER_BIT(PEL_HEADER_UBER_TRACE_ID)},
};

bool pel_propagator_take(const char *word, const struct pel_head *head, struct pel_trace *out,
                         bool *is_undecided)
{
    for (size_t i = 0; i < PEL_ARRAY_LEN(formats); i++) {
        if (strcmp(formats[i].word, word) == 0)
            return (head->known & PEL_HEADER_BIT(formats[i].id)) &&
                   formats[i].take(head, out, is_undecided);
    }
    return false;
}

uint64_t pel_trace_other_fields(const struct pel_conf *conf)
{
    uint64_t fields = 0;

    for (size_t i = 0; i < conf->trace_propagators.n; i++) {
        for (size_t j = 0; j < PEL_ARRAY_LEN(formats); j++)
            if (strcmp(conf->trace_propagators.items[i], formats[j].word) == 0)
                fields |= formats[j].fields;
    }
    return fields;
}

uint64_t pel_trace_hidden_fields(const struct pel_conf *conf)
{
    uint64_t fields = pel_trace_other_fields(conf);

    if (pel_strings_have(&conf->trace_propagators, "tracecontext"))
        fields |= PEL_HEADER_BIT(PEL_HEADER_TRACEPARENT) | PEL_HEADER_BIT(PEL_HEADER_TRACESTATE);
    if (!pel_strings_have(&conf->trace_propagators, "baggage"))
        fields |= PEL_HEADER_BIT(PEL_HEADER_BAGGAGE);
    return fields;
}

static size_t put(struct pel_header *out, uint64_t fields, enum pel_header_id id,
                  struct pel_str value)
{
    if (!(fields & PEL_HEADER_BIT(id)))
        return 0;
    *out = (struct pel_header){pel_header_name(id), value, id};
    return 1;
}

/* Debug implies sampled: B3 has one of the two, Jaeger both. */
size_t pel_trace_put_others(uint64_t fields, const struct pel_trace *trace,
                            char text[PEL_TRACE_OTHERS_LEN],
                            struct pel_header out[PEL_TRACE_OTHERS_MAX])
{
    bool is_sampled = trace->flags & PEL_TRACE_SAMPLED;
    char *b3 = text, *jaeger, *at;
    size_t n = 0;

    at = pel_put_hex(b3, trace->trace_id, sizeof(trace->trace_id));
    *at++ = '-';
    at = pel_put_hex(at, trace->span_id, sizeof(trace->span_id));
    *at++ = '-';
    *at++ = trace->is_debug ? 'd' : is_sampled ? '1' : '0';
    n += put(&out[n], fields, PEL_HEADER_B3, pel_str(b3, (size_t)(at - b3)));
    n += put(&out[n], fields, PEL_HEADER_X_B3_TRACEID, pel_str(b3, 32));
    n += put(&out[n], fields, PEL_HEADER_X_B3_SPANID, pel_str(b3 + 33, 16));
    n += trace->is_debug ? put(&out[n], fields, PEL_HEADER_X_B3_FLAGS, PEL_STR("1"))
                         : put(&out[n], fields, PEL_HEADER_X_B3_SAMPLED, pel_str(b3 + 50, 1));
    jaeger = at;
    at = pel_put(at, pel_str(b3, 32));
    *at++ = ':';
    at = pel_put(at, pel_str(b3 + 33, 16));
    at = pel_put(at, PEL_STR(":0:0"));
    *at++ = trace->is_debug ? '3' : is_sampled ? '1' : '0';
    n += put(&out[n], fields, PEL_HEADER_UBER_TRACE_ID, pel_str(jaeger, (size_t)(at - jaeger)));
    return n;
}
