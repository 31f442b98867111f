#include "collect.h"
#include "exposition_sink.h"
#include "page.h"
#include "pellucid/resource.h"
#include "text.h"

static void show_target(struct pel_exposition *e, const struct pel_view *v)
{
    struct pel_label labels[PEL_RESOURCE_MAX];
    struct pel_resource r;
    struct pel_arena a;

    pel_arena_init(&a);
    pel_resource_init(&r, v->conf, v->shm->header->instance_id, 0);
    pel_exposition_family(e, "target", "", "info", "Attributes of this service.");
    pel_exposition_begin(e, "_info");
    for (size_t i = 0; i < r.n; i++) {
        const char *text = r.items[i].text; /* without a pid there are no numbers */
        const char *mended = pel_text_utf8(&a, pel_str(text, strlen(text)));

        labels[i] =
            (struct pel_label){.key = r.items[i].key, .text = pel_str(mended, strlen(mended))};
    }
    pel_exposition_labels(e, labels, r.n);
    pel_exposition_value(e, 1);
    pel_arena_reset(&a);
}

/* What is wanted alike is what was asked for by its name. */
static bool wants_openmetrics(const struct pel_head *head)
{
    struct pel_accept openmetrics =
        pel_head_accepts(head, PEL_STR("application/openmetrics-text"), PEL_STR("1.0.0"));
    struct pel_accept text = pel_head_accepts(head, PEL_STR("text/plain"), PEL_STR("0.0.4"));

    return openmetrics.q > text.q ||
           (openmetrics.q == text.q && openmetrics.q > 0 && openmetrics.is_named);
}

void pel_page_metrics(const struct pel_view *v, const struct pel_head *head, struct pel_page *page)
{
    struct pel_exposition e = {
        .out = &page->body,
        .is_openmetrics = wants_openmetrics(head),
    };
    struct pel_exposition_sink sink;

    page->type = e.is_openmetrics ? PEL_EXPOSITION_OPENMETRICS : PEL_EXPOSITION_TEXT;
    show_target(&e, v);
    pel_exposition_sink_init(&sink, &e);
    pel_collect(&sink.sink, v);
    pel_exposition_sink_fini(&sink);
    pel_exposition_end(&e);
}
