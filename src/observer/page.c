#include "page.h"
#include "text.h"

#define TEXT "text/plain; charset=utf-8"
#define HTML "text/html; charset=utf-8"

static void show_index(const struct pel_view *v, const struct pel_head *head,
                       struct pel_page *page);
static void show_health(const struct pel_view *v, const struct pel_head *head,
                        struct pel_page *page);

static const struct pel_page_entry pages[] = {
    {"/", "this page", false, show_index},
    {"/healthz", "200 while a worker is ready to serve, else 503", true, show_health},
    {"/status", "processes, workers, requests in flight, exporter (JSON)", false, pel_page_status},
    {"/metrics", "Prometheus and OpenMetrics", false, pel_page_metrics},
    {"/spans", "the last requests, slow and failed ones kept longer", false, pel_page_spans},
    {"/spans.json", "the same as JSON", false, pel_page_spans_json},
};

const struct pel_page_entry *pel_page_find(struct pel_str path)
{
    for (size_t i = 0; i < PEL_ARRAY_LEN(pages); i++)
        if (pel_str_eq(path, pel_str(pages[i].path, strlen(pages[i].path))))
            return &pages[i];
    return NULL;
}

bool pel_page_wants_html(const struct pel_head *head)
{
    struct pel_accept html = pel_head_accepts(head, PEL_STR("text/html"), PEL_STR(""));

    return html.q > 0 && html.is_named;
}

static void show_index(const struct pel_view *v, const struct pel_head *head, struct pel_page *page)
{
    bool is_html = pel_page_wants_html(head);

    page->type = is_html ? HTML : TEXT;
    pel_buf_addf(&page->body,
                 is_html ? "<!doctype html><title>Pellucid</title><h1>Pellucid %s</h1><dl>\n"
                         : "Pellucid %s\n",
                 PEL_VERSION);
    for (size_t i = 0; i < PEL_ARRAY_LEN(pages); i++) {
        if (is_html)
            pel_buf_addf(&page->body, "<dt><a href=\"%s\">%s</a><dd>%s\n", pages[i].path,
                         pages[i].path, pages[i].text);
        else
            pel_buf_addf(&page->body, "%-12s %s\n", pages[i].path, pages[i].text);
    }
}

static void show_health(const struct pel_view *v, const struct pel_head *head,
                        struct pel_page *page)
{
    page->type = TEXT;
    for (unsigned i = 0; i < v->shm->n_slots; i++) {
        if (atomic_load_explicit(&pel_shm_slot(v->shm, i)->state, memory_order_relaxed) ==
            PEL_SLOT_READY) {
            pel_buf_add_str(&page->body, PEL_STR("ok\n"));
            return;
        }
    }
    page->status = 503;
    pel_buf_add_str(&page->body, PEL_STR("no worker is ready\n"));
}
