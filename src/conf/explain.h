/*
 * explain - the words of an error line: what was found, what is allowed, what was perhaps meant.
 *
 * Private to the layer conf; on the thread that loads.
 */
#ifndef PELLUCID_CONF_EXPLAIN_H
#define PELLUCID_CONF_EXPLAIN_H

#include "pellucid/buf.h"
#include "pellucid/conf.h"

/* "many" in quotes, 5000, true, a list, a table; long strings cut, control bytes escaped. */
void pel_explain_found(struct pel_buf *out, const struct pel_value *v);

/* A whole number from 1 to 1024; "text" or "json"; ... */
void pel_explain_allowed(struct pel_buf *out, const struct pel_directive *d);

/* The source of section.key: that of its value, of the section, or of the document. */
const char *pel_explain_source(const struct pel_value *doc, const char *section, const char *key);

/* The directive whose name is nearest to section and key, or NULL when none is near. The table has
 * n rows. */
const struct pel_directive *pel_explain_nearest(const struct pel_directive *table, size_t n,
                                                const char *section, const char *key);

/* The section nearest to name, or NULL when none is near. */
const char *pel_explain_nearest_section(const char *name);

#endif
