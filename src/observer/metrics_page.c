#include <stdio.h>

#include "duration.h"
#include "page.h"
#include "pellucid/metrics.h"
#include "resource.h"

#define LOAD(field) atomic_load_explicit(&(field), memory_order_relaxed)

static void show_target(struct pel_exposition *e, const struct pel_conf *conf)
{
    struct pel_attributes as;
    struct pel_arena a;

    pel_arena_init(&a);
    pel_attributes_init(&as, &a);
    pel_resource_attributes(&as, conf, NULL, 0);
    pel_exposition_family(e, "target", "", "info", "Attributes of this service.");
    pel_exposition_begin(e, "_info");
    for (size_t i = 0; i < as.n; i++) {
        const char *text = as.items[i]->value->string_value;

        pel_exposition_label(e, as.items[i]->key, pel_str(text, strlen(text)));
    }
    pel_exposition_value(e, 1);
    pel_arena_reset(&a);
}

static bool is_occupied(const struct pel_shm_slot *slot)
{
    return LOAD(slot->state) != PEL_SLOT_EMPTY;
}

/* A gauge is told of each worker: the number of slots bounds it. */
static void show_gauge(struct pel_exposition *e, struct pel_shm *shm, size_t m)
{
    char id[16];

    for (unsigned i = 0; i < shm->header->n_slots; i++) {
        const struct pel_shm_slot *slot = pel_shm_slot(shm, i);

        if (!is_occupied(slot))
            continue;
        snprintf(id, sizeof(id), "%u", i);
        pel_exposition_begin(e, "");
        pel_exposition_label(e, "pellucid.worker.id", pel_str(id, strlen(id)));
        pel_exposition_value(e, LOAD(slot->metrics[m]));
    }
}

static void show_counter(struct pel_exposition *e, struct pel_shm *shm, size_t m)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < shm->header->n_slots; i++) {
        const struct pel_shm_slot *slot = pel_shm_slot(shm, i);

        if (pel_shm_slot_is_used(slot))
            sum += LOAD(slot->metrics[m]);
    }
    pel_exposition_begin(e, "");
    pel_exposition_value(e, sum);
}

static void show_scalars(struct pel_exposition *e, struct pel_shm *shm)
{
    for (size_t m = 0; m < PEL_METRIC_N; m++) {
        const struct pel_metric_info *info = &pel_metric_infos[m];
        bool is_gauge = info->kind == PEL_METRIC_KIND_GAUGE;

        pel_exposition_family(e, info->name, info->unit, is_gauge ? "gauge" : "counter",
                              info->text);
        if (is_gauge)
            show_gauge(e, shm, m);
        else
            show_counter(e, shm, m);
    }
}

static const struct {
    const char *name, *text;
    size_t offset; /* of an _Atomic uint64_t in the header */
} server_counters[] = {
#define COUNTER(name, field, text)                                                                 \
    {                                                                                              \
        name, text, offsetof(struct pel_shm_header, field)                                         \
    }
    COUNTER("pellucid.worker.starts", worker_starts, "Workers started."),
    COUNTER("pellucid.worker.exits", worker_exits, "Workers that ended, for whatever reason."),
    COUNTER("pellucid.worker.crashes", worker_crashes, "Workers that died."),
    COUNTER("pellucid.worker.recycles", worker_recycles, "Workers replaced because of [recycle]."),
    COUNTER("pellucid.reloads", reloads, "Reloads that took effect."),
    COUNTER("pellucid.observer.starts", observer_starts, "Observers started."),
#undef COUNTER
};

static void show_server(struct pel_exposition *e, struct pel_shm *shm)
{
    static const char *const states[] = {"empty", "starting", "ready", "draining"};
    const char *header = (const char *)shm->header;

    for (size_t i = 0; i < PEL_ARRAY_LEN(server_counters); i++) {
        const void *at = header + server_counters[i].offset;

        pel_exposition_family(e, server_counters[i].name, "", "counter", server_counters[i].text);
        pel_exposition_begin(e, "");
        pel_exposition_value(e, LOAD(*(const _Atomic uint64_t *)at));
    }
    pel_exposition_family(e, "pellucid.workers", "", "gauge", "Workers, by their state.");
    for (uint32_t state = PEL_SLOT_STARTING; state <= PEL_SLOT_DRAINING; state++) {
        uint64_t n = 0;

        for (unsigned i = 0; i < shm->header->n_slots; i++)
            n += LOAD(pel_shm_slot(shm, i)->state) == state;
        pel_exposition_begin(e, "");
        pel_exposition_label(e, "state", pel_str(states[state], strlen(states[state])));
        pel_exposition_value(e, n);
    }
}

static const struct {
    const char *name, *unit, *error_type, *text;
} exports[] = {
#define PEL_EXPORT(name, otel_name, unit, error_type, text) {otel_name, unit, error_type, text},
#include "pellucid/tbl/exports.h"
#undef PEL_EXPORT
};

static void show_exports(struct pel_exposition *e, const struct pel_view *v)
{
    const char *family = "";

    for (size_t i = 0; i < PEL_EXPORT_N; i++) {
        const char *error = exports[i].error_type;

        if (strcmp(family, exports[i].name) != 0) {
            family = exports[i].name;
            pel_exposition_family(e, family, exports[i].unit, "counter", exports[i].text);
        }
        pel_exposition_begin(e, "");
        if (error[0])
            pel_exposition_label(e, "error.type", pel_str(error, strlen(error)));
        pel_exposition_value(e, LOAD(v->shm->header->exports[i]));
    }
    pel_exposition_family(e, "otel.sdk.processor.span.queue.size", "", "gauge",
                          "Spans that wait to be exported.");
    pel_exposition_begin(e, "");
    pel_exposition_value(e, v->exporter->queue.n);
    pel_exposition_family(e, "otel.sdk.exporter.span.inflight", "", "gauge",
                          "Spans in export requests under way.");
    pel_exposition_begin(e, "");
    pel_exposition_value(e, pel_exporter_inflight(v->exporter));
}

void pel_page_metrics(const struct pel_view *v, const struct pel_head *head, struct pel_page *page)
{
    struct pel_exposition e = {
        .out = &page->body,
        .is_openmetrics = pel_page_accepts(head, "application/openmetrics-text"),
    };

    page->type = e.is_openmetrics ? PEL_EXPOSITION_OPENMETRICS : PEL_EXPOSITION_TEXT;
    show_target(&e, v->conf);
    pel_duration_show(&e, v->shm);
    show_scalars(&e, v->shm);
    show_server(&e, v->shm);
    show_exports(&e, v);
    pel_exposition_end(&e);
}
