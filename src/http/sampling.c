#include <math.h>

#include "http/sampling.h"
#include "http/syntax.h"
#include "http/tracestate.h"
#include "pellucid/hex.h"
#include "pellucid/put.h"

#define DIGITS 14     /* of a threshold or random value */
#define SIGNIFICANT 4 /* of a threshold of ours, as the specification recommends */
#define PRECISION_MAX 12
/* What a member grows by: "ot=", "th:", the digits, a semicolon and a comma. */
#define GROWTH (3 + 3 + DIGITS + 2)

uint64_t pel_sampling_threshold(double ratio)
{
    uint64_t threshold, unit;
    int exponent, precision;

    if (ratio >= 1.0)
        return 0;
    if (ratio <= 0.0)
        return PEL_THRESHOLD_NONE;
    /* Leading digits f are not significant. */
    frexp(ratio, &exponent);
    precision = SIGNIFICANT - exponent / 4;
    if (precision > PRECISION_MAX)
        precision = PRECISION_MAX;
    unit = (uint64_t)1 << 4 * (DIGITS - precision);
    threshold = PEL_THRESHOLD_NONE - (uint64_t)ldexp(ratio, PEL_SAMPLING_BITS);
    threshold = (threshold + unit / 2) & ~(unit - 1);
    return threshold < PEL_THRESHOLD_NONE ? threshold : PEL_THRESHOLD_NONE - unit;
}

/* Takes the next "key:value" off the value of the member. */
static bool next_pair(struct pel_str *value, struct pel_str *pair)
{
    while (value->len) {
        const char *semicolon = memchr(value->p, ';', value->len);
        size_t len = semicolon ? (size_t)(semicolon - value->p) : value->len;

        *pair = pel_str(value->p, len);
        len += semicolon ? 1 : 0;
        *value = pel_str(value->p + len, value->len - len);
        if (pair->len)
            return true;
    }
    return false;
}

static bool is_of(struct pel_str pair, const char key[3])
{
    return pair.len >= 3 && memcmp(pair.p, key, 3) == 0;
}

static bool is_ot(struct pel_str member)
{
    return is_of(member, "ot=");
}

/* The value of the first member "ot"; empty when there is none. */
static struct pel_str find_ot(struct pel_str state)
{
    struct pel_str member;

    while (pel_syntax_next_member(&state, &member)) {
        if (is_ot(member))
            return pel_str(member.p + 3, member.len - 3);
    }
    return PEL_STR("");
}

/* The digits of "th:..." or "rv:...", the missing ones zeros; NONE when malformed. */
static uint64_t read_digits(struct pel_str pair)
{
    struct pel_str digits = pel_str(pair.p + 3, pair.len - 3);
    uint64_t n = 0;

    if (digits.len > DIGITS || !pel_syntax_is_all(digits, PEL_SYNTAX_LOHEX))
        return PEL_THRESHOLD_NONE;
    for (size_t i = 0; i < DIGITS; i++)
        n = n << 4 | (i < digits.len ? (uint64_t)pel_syntax_hex(digits.p[i]) : 0);
    return n;
}

void pel_sampling_read(struct pel_sampling *s, struct pel_str state)
{
    struct pel_str value = find_ot(state), pair;

    s->threshold = PEL_THRESHOLD_NONE;
    s->has_threshold = false;
    while (next_pair(&value, &pair)) {
        if (is_of(pair, "th:")) {
            s->threshold = read_digits(pair);
            s->has_threshold = true;
        } else if (is_of(pair, "rv:") && pair.len == 3 + DIGITS) {
            uint64_t n = read_digits(pair);

            s->randomness = n < PEL_THRESHOLD_NONE ? n : s->randomness;
        }
    }
}

static char *put_threshold(char *at, uint64_t threshold)
{
    at = pel_put(at, PEL_STR("th:"));
    do {
        *at++ = pel_hex_digit(threshold >> (PEL_SAMPLING_BITS - 4) & 15);
        threshold = threshold << 4 & (PEL_THRESHOLD_NONE - 1);
    } while (threshold);
    return at;
}

/* The whole member; nothing when there is nothing in it. */
static char *put_ot(char *at, struct pel_str value, uint64_t threshold)
{
    char *start = at, *pairs = pel_put(at, PEL_STR("ot="));
    struct pel_str rest = value, pair;

    at = threshold < PEL_THRESHOLD_NONE ? put_threshold(pairs, threshold) : pairs;
    while (next_pair(&rest, &pair)) {
        if (is_of(pair, "th:"))
            continue;
        if (at > pairs)
            *at++ = ';';
        at = pel_put(at, pair);
    }
    /* Blanks at the end are none of the member's: who reads it next would see another one. */
    while (at > pairs && (at[-1] == ' ' || at[-1] == ';'))
        at--;
    /* Too long with a threshold: what others wrote stays. */
    if (at - pairs > PEL_TRACESTATE_VALUE_MAX && threshold < PEL_THRESHOLD_NONE)
        return put_ot(start, value, PEL_THRESHOLD_NONE);
    return at > pairs ? at : start;
}

struct pel_str pel_sampling_write(struct pel_str state, uint64_t threshold, struct pel_arena *arena)
{
    char *text = pel_arena_alloc(arena, state.len + GROWTH);
    char *at = put_ot(text, find_ot(state), threshold);
    int n = at > text ? 1 : 0;
    struct pel_str member;

    while (n < PEL_TRACESTATE_MEMBERS_MAX && pel_syntax_next_member(&state, &member)) {
        if (is_ot(member))
            continue;
        if (n++ > 0)
            *at++ = ',';
        at = pel_put(at, member);
    }
    return pel_str(text, (size_t)(at - text));
}

struct pel_str pel_trace_forget_probability(struct pel_str state, struct pel_arena *arena)
{
    struct pel_sampling s = {0};

    pel_sampling_read(&s, state);
    return s.has_threshold ? pel_sampling_write(state, PEL_THRESHOLD_NONE, arena) : state;
}
