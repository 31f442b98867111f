/*
 * page - what the admin address answers: one function a path, from what the observer knows.
 *
 * Pure readers, on the observer's one thread. The table of paths is page.c.
 */
#ifndef PELLUCID_OBSERVER_PAGE_H
#define PELLUCID_OBSERVER_PAGE_H

#include "drain.h"
#include "exemplars.h"
#include "exporter.h"
#include "footprint.h"
#include "metrics_exporter.h"
#include "pellucid/http.h"
#include "recent.h"
#include "window.h"

/* What pages read; borrowed. */
struct pel_view {
    const struct pel_conf *conf;
    struct pel_shm *shm;
    struct pel_drain *drain;             /* a page about spans reads the rings first */
    const struct pel_exporter *exporter; /* of spans */
    const struct pel_exporter *logs;     /* of log records */
    const struct pel_metrics_exporter *metrics;
    const struct pel_recent *recent;
    const struct pel_window *window;
    const struct pel_exemplars *exemplars;
    struct pel_footprint *footprint; /* whoever shows it wants it */
};

/* An answer under construction; the caller owns body. */
struct pel_page {
    uint16_t status;
    const char *type; /* Content-Type */
    struct pel_buf body;
};

struct pel_page_entry {
    const char *path;
    const char *text; /* for the index */
    bool is_public;   /* answered without the token */
    void (*show)(const struct pel_view *v, const struct pel_head *head, struct pel_page *page);
};

/* NULL: 404. */
const struct pel_page_entry *pel_page_find(struct pel_str path);

/* Does the client want HTML, and says so by name? */
bool pel_page_wants_html(const struct pel_head *head);

void pel_page_status(const struct pel_view *v, const struct pel_head *head, struct pel_page *page);
void pel_page_metrics(const struct pel_view *v, const struct pel_head *head, struct pel_page *page);
void pel_page_spans(const struct pel_view *v, const struct pel_head *head, struct pel_page *page);
void pel_page_spans_json(const struct pel_view *v, const struct pel_head *head,
                         struct pel_page *page);

#endif
