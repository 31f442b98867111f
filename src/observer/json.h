/*
 * json - a JSON document written front to back into a buffer.
 *
 * Owner: the caller, on its stack. Commas are taken care of; a key is NULL inside an array.
 */
#ifndef PELLUCID_OBSERVER_JSON_H
#define PELLUCID_OBSERVER_JSON_H

#include "pellucid/buf.h"

struct pel_json {
    struct pel_buf *out; /* borrowed */
    bool needs_comma;
};

void pel_json_open(struct pel_json *j, const char *key, char bracket); /* '{' or '[' */
void pel_json_close(struct pel_json *j, char bracket);
void pel_json_str(struct pel_json *j, const char *key, struct pel_str value);
void pel_json_cstr(struct pel_json *j, const char *key, const char *value);
void pel_json_uint(struct pel_json *j, const char *key, uint64_t value);
void pel_json_int(struct pel_json *j, const char *key, int64_t value);
void pel_json_real(struct pel_json *j, const char *key, double value); /* null: NaN, infinite */
void pel_json_bool(struct pel_json *j, const char *key, bool value);
void pel_json_null(struct pel_json *j, const char *key);
void pel_json_seconds(struct pel_json *j, const char *key, uint64_t ns); /* as 1.234567890 */
void pel_json_rate(struct pel_json *j, const char *key, uint64_t n, uint64_t ns); /* a second */
void pel_json_time(struct pel_json *j, const char *key, uint64_t wall_ns);
void pel_json_hex(struct pel_json *j, const char *key, const uint8_t *bytes, size_t len);

#endif
