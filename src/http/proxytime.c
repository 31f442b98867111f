#include "http/syntax.h"
#include "pellucid/conf.h"
#include "pellucid/http.h"
#include "pellucid/time.h"

/* Numbers from here on are milliseconds, microseconds, nonsense. As seconds, milliseconds and
 * microseconds since 1970 these are the years 2286. */
#define SECONDS_END 10000000000
#define MILLISECONDS_END 10000000000000
#define MICROSECONDS_END 10000000000000000
#define FRACTION_DIGITS 9
#define LONGEST_NS (3600 * PEL_NS_PER_SEC)

static uint64_t unit_of(int64_t number)
{
    if (number < SECONDS_END)
        return PEL_NS_PER_SEC;
    if (number < MILLISECONDS_END)
        return PEL_NS_PER_MS;
    return number < MICROSECONDS_END ? PEL_NS_PER_US : 0;
}

/* "574" as parts in 10^9; -1 when it is not all digits. */
static int64_t read_fraction(struct pel_str digits)
{
    int64_t n = 0;

    if (pel_syntax_number(pel_str(digits.p, digits.len < 18 ? digits.len : 18)) < 0)
        return -1;
    for (size_t i = 0; i < FRACTION_DIGITS; i++)
        n = n * 10 + (i < digits.len ? digits.p[i] - '0' : 0);
    return n;
}

uint64_t pel_proxytime_parse(struct pel_str value)
{
    int64_t whole, fraction = 0;
    const char *point;
    uint64_t unit_ns;

    if (value.len >= 2 && memcmp(value.p, "t=", 2) == 0)
        value = pel_str(value.p + 2, value.len - 2);
    point = value.len ? memchr(value.p, '.', value.len) : NULL;
    if (point) {
        size_t len = (size_t)(point - value.p);

        fraction = read_fraction(pel_str(point + 1, value.len - len - 1));
        value.len = len;
    }
    whole = pel_syntax_number(value);
    if (whole < 0 || fraction < 0)
        return 0;
    unit_ns = unit_of(whole);
    return (uint64_t)whole * unit_ns + (uint64_t)fraction * unit_ns / PEL_NS_PER_SEC;
}

void pel_proxytime_resolve(const struct pel_conf *conf, const struct pel_head *head, bool is_unix,
                           struct pel_record *rec)
{
    uint64_t sent_ns, came_ns;

    if (PEL_LIKELY(!(head->known & PEL_HEADER_BIT(PEL_HEADER_X_REQUEST_START))) ||
        !pel_origin_is_proxy(conf, rec->peer, is_unix))
        return;
    sent_ns = pel_proxytime_parse(pel_head_get(head, PEL_HEADER_X_REQUEST_START));
    came_ns = pel_wall_ns() - (pel_now_ns() - rec->stamp_ns[PEL_STAMP_FIRST_BYTE]);
    if (sent_ns && sent_ns < came_ns && came_ns - sent_ns <= LONGEST_NS)
        rec->proxy_ns = came_ns - sent_ns;
}
