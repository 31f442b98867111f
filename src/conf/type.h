/*
 * type - what the types of the directive table do with a value.
 *
 * Private to the layer conf; on the thread that loads. A field is a member of struct pel_conf or
 * struct pel_conf_route, addressed by its directive's offset.
 */
#ifndef PELLUCID_CONF_TYPE_H
#define PELLUCID_CONF_TYPE_H

#include "pellucid/conf.h"

/* Writes v into field, which is empty. When v cannot be accepted: false, field empty again, and
 * *out_bad the offending value: v, or one of its children. */
bool pel_type_parse(const struct pel_directive *d, const struct pel_value *v, void *field,
                    const struct pel_value **out_bad);

/* Makes a value of the default text, as tomllib would read it. */
void pel_type_default(const struct pel_directive *d, struct pel_value *out);

bool pel_type_is_same(enum pel_type type, const void *a, const void *b);
void pel_type_fini(enum pel_type type, void *field);

/* Number and unit, as TOML strings have them: "1.5m" to 90000, "64KiB" to 65536. Whole numbers
 * after rounding; false when text is something else or beyond 1e15. */
bool pel_duration_parse(const char *text, int64_t *out_ms);
bool pel_size_parse(const char *text, int64_t *out_bytes);

#endif
