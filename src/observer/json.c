#include <inttypes.h>
#include <math.h>

#include "json.h"
#include "pellucid/escape.h"
#include "pellucid/time.h"
#include "text.h"

static void begin(struct pel_json *j, const char *key)
{
    if (j->needs_comma)
        pel_buf_add(j->out, ",", 1);
    j->needs_comma = true;
    if (key)
        pel_buf_addf(j->out, "\"%s\":", key);
}

void pel_json_open(struct pel_json *j, const char *key, char bracket)
{
    begin(j, key);
    pel_buf_add(j->out, &bracket, 1);
    j->needs_comma = false;
}

void pel_json_close(struct pel_json *j, char bracket)
{
    pel_buf_add(j->out, &bracket, 1);
    j->needs_comma = true;
}

void pel_json_str(struct pel_json *j, const char *key, struct pel_str value)
{
    size_t max = value.len * 6 + 16;

    begin(j, key);
    pel_buf_add(j->out, "\"", 1);
    pel_buf_reserve(j->out, max);
    j->out->len += pel_escape_json(j->out->p + j->out->len, max, value);
    pel_buf_add(j->out, "\"", 1);
}

void pel_json_cstr(struct pel_json *j, const char *key, const char *value)
{
    pel_json_str(j, key, pel_str(value, strlen(value)));
}

void pel_json_uint(struct pel_json *j, const char *key, uint64_t value)
{
    begin(j, key);
    pel_buf_addf(j->out, "%" PRIu64, value);
}

void pel_json_int(struct pel_json *j, const char *key, int64_t value)
{
    begin(j, key);
    pel_buf_addf(j->out, "%" PRId64, value);
}

void pel_json_real(struct pel_json *j, const char *key, double value)
{
    if (!isfinite(value)) {
        pel_json_null(j, key);
        return;
    }
    begin(j, key);
    pel_buf_addf(j->out, "%.17g", value);
}

void pel_json_bool(struct pel_json *j, const char *key, bool value)
{
    begin(j, key);
    pel_buf_add_str(j->out, value ? PEL_STR("true") : PEL_STR("false"));
}

void pel_json_null(struct pel_json *j, const char *key)
{
    begin(j, key);
    pel_buf_add_str(j->out, PEL_STR("null"));
}

void pel_json_seconds(struct pel_json *j, const char *key, uint64_t ns)
{
    begin(j, key);
    pel_buf_addf(j->out, "%" PRIu64 ".%09" PRIu64, (uint64_t)(ns / PEL_NS_PER_SEC),
                 (uint64_t)(ns % PEL_NS_PER_SEC));
}

void pel_json_rate(struct pel_json *j, const char *key, uint64_t n, uint64_t ns)
{
    begin(j, key);
    pel_buf_addf(j->out, "%.3f", ns ? (double)n * PEL_NS_PER_SEC / (double)ns : 0.0);
}

void pel_json_time(struct pel_json *j, const char *key, uint64_t wall_ns)
{
    begin(j, key);
    pel_buf_add(j->out, "\"", 1);
    pel_text_add_time(j->out, wall_ns);
    pel_buf_add(j->out, "\"", 1);
}

void pel_json_hex(struct pel_json *j, const char *key, const uint8_t *bytes, size_t len)
{
    begin(j, key);
    pel_buf_add(j->out, "\"", 1);
    pel_text_add_hex(j->out, bytes, len);
    pel_buf_add(j->out, "\"", 1);
}
