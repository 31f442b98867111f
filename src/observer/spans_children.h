/*
 * spans_children - the app's own spans below a request, for the pages that show requests.
 *
 * Pure readers, on the observer's one thread. item is one of v->recent's.
 */
#ifndef PELLUCID_OBSERVER_SPANS_CHILDREN_H
#define PELLUCID_OBSERVER_SPANS_CHILDREN_H

#include "json.h"
#include "page.h"

/* As rows of a table of n_columns: the start, what it is, the error, the duration. */
void pel_spans_children_html(struct pel_buf *out, const struct pel_view *v,
                             const struct pel_recent_item *item, unsigned n_columns);

/* A line each, indented. */
void pel_spans_children_text(struct pel_buf *out, const struct pel_view *v,
                             const struct pel_recent_item *item);

/* The members "children", which is in the order of the tree, and "has_all_children". */
void pel_spans_children_json(struct pel_json *j, const struct pel_view *v,
                             const struct pel_recent_item *item);

#endif
