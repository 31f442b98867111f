#include <math.h>

#include "type.h"

#define QUANTITY_MAX 1e15

struct unit {
    const char *name;
    double factor;
};

/* The first unit of each is what a number without one is. */
static const struct unit durations_ms[] = {
    {"s", 1e3}, {"ms", 1}, {"m", 60e3}, {"h", 3600e3}, {"d", 86400e3},
};

static const struct unit sizes_bytes[] = {
    {"B", 1},        {"kB", 1e3},     {"MB", 1e6},     {"GB", 1e9},     {"TB", 1e12},
    {"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40},
};

/* Digits with at most one point among them, not at either end; whatever the locale. */
static const char *parse_decimal(const char *p, double *out)
{
    const char *begin = p;
    double value = 0, scale = 1;

    for (; *p >= '0' && *p <= '9'; p++)
        value = value * 10 + (*p - '0');
    if (p == begin)
        return NULL;
    if (*p == '.') {
        begin = ++p;
        for (; *p >= '0' && *p <= '9'; p++) {
            scale /= 10;
            value += scale * (*p - '0');
        }
        if (p == begin)
            return NULL;
    }
    *out = value;
    return p;
}

static bool parse(const char *text, const struct unit *units, size_t n_units, int64_t *out)
{
    double number, factor = units[0].factor;
    const char *p = parse_decimal(text, &number);
    size_t i = 0;

    if (!p)
        return false;
    p += *p == ' ';
    if (*p) {
        while (i < n_units &&
               !pel_str_ieq(pel_str(p, strlen(p)), pel_str(units[i].name, strlen(units[i].name))))
            i++;
        if (i == n_units)
            return false;
        factor = units[i].factor;
    }
    if (number * factor > QUANTITY_MAX)
        return false;
    *out = llround(number * factor);
    return true;
}

bool pel_duration_parse(const char *text, int64_t *out_ms)
{
    return parse(text, durations_ms, PEL_ARRAY_LEN(durations_ms), out_ms);
}

bool pel_size_parse(const char *text, int64_t *out_bytes)
{
    return parse(text, sizes_bytes, PEL_ARRAY_LEN(sizes_bytes), out_bytes);
}
