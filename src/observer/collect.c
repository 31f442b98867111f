#include "backlog.h"
#include "collect.h"
#include "exceptions.h"
#include "http_metrics.h"
#include "instruments.h"
#include "page.h"
#include "pellucid/proc.h"
#include "process.h"
#include "telemetry.h"
#include "vitals.h"

#define LOAD(field) atomic_load_explicit(&(field), memory_order_relaxed)

static const struct pel_labels no_labels;

/* --- of workers --- */

static void collect_each(struct pel_sink *sink, struct pel_shm *shm, size_t m)
{
    for (unsigned i = 0; i < shm->n_slots; i++) {
        const struct pel_shm_slot *slot = pel_shm_slot(shm, i);
        struct pel_labels ls = {.n = 0};

        if (LOAD(slot->state) == PEL_SLOT_EMPTY)
            continue;
        pel_labels_number(&ls, "pellucid.worker.id", i);
        sink->point(sink, &ls, LOAD(slot->metrics[m]));
    }
}

static void collect_scalars(struct pel_sink *sink, struct pel_shm *shm)
{
    for (unsigned m = 0; m < PEL_METRIC_N; m++) {
        sink->family(sink, &pel_metric_infos[m]);
        if (pel_metric_infos[m].kind == PEL_METRIC_KIND_COUNTER)
            sink->point(sink, &no_labels, pel_shm_sum(shm, m));
        else
            collect_each(sink, shm, m);
    }
}

/* --- of the server --- */

static const struct {
    struct pel_metric_info info;
    size_t offset; /* of an _Atomic uint64_t in the header */
} server_values[] = {
#define PEL_SERVER(field, kind, unit, otel_name, text)                                             \
    {{PEL_METRIC_KIND_##kind, unit, otel_name, text}, offsetof(struct pel_shm_header, field)},
#include "pellucid/tbl/server.h"
#undef PEL_SERVER
};

static void collect_server(struct pel_sink *sink, struct pel_shm *shm)
{
    const char *header = (const char *)shm->header;

    for (size_t i = 0; i < PEL_ARRAY_LEN(server_values); i++) {
        const void *at = header + server_values[i].offset;

        sink->family(sink, &server_values[i].info);
        sink->point(sink, &no_labels, LOAD(*(const _Atomic uint64_t *)at));
    }
}

/* One series for each signal that has killed a worker. */
static void collect_signals(struct pel_sink *sink, const struct pel_shm_header *h)
{
    for (int i = 0; i < PEL_SHM_SIGNALS; i++) {
        uint64_t n = LOAD(h->worker_signals[i]);
        struct pel_labels ls = {.n = 0};
        char name[16];

        if (n == 0)
            continue;
        pel_signal_name(i, name, sizeof(name));
        pel_labels_cstr(&ls, "reason", pel_end_word(PEL_END_SIGNAL));
        pel_labels_cstr(&ls, "signal", name);
        sink->point(sink, &ls, n);
    }
}

static void collect_ends(struct pel_sink *sink, const struct pel_shm_header *h)
{
    static const struct pel_metric_info info = {
        PEL_METRIC_KIND_COUNTER,
        "{worker}",
        "pellucid.worker.ends",
        "Workers that have ended, by why.",
    };

    sink->family(sink, &info);
    for (size_t i = 0; i < PEL_END_N; i++) {
        struct pel_labels ls = {.n = 0};

        if (i == PEL_END_SIGNAL)
            continue;
        pel_labels_cstr(&ls, "reason", pel_end_word((enum pel_end)i));
        sink->point(sink, &ls, LOAD(h->worker_ends[i]));
    }
    collect_signals(sink, h);
}

static void collect_states(struct pel_sink *sink, struct pel_shm *shm)
{
    static const struct pel_metric_info info = {
        PEL_METRIC_KIND_UPDOWN,
        "{worker}",
        "pellucid.workers",
        "Workers, by their state.",
    };
    static const char *const states[] = {"empty", "starting", "ready", "draining"};

    sink->family(sink, &info);
    for (uint32_t state = PEL_SLOT_STARTING; state <= PEL_SLOT_DRAINING; state++) {
        struct pel_labels ls = {.n = 0};
        uint64_t n = 0;

        for (unsigned i = 0; i < shm->n_slots; i++)
            n += LOAD(pel_shm_slot(shm, i)->state) == state;
        pel_labels_cstr(&ls, "state", states[state]);
        sink->point(sink, &ls, n);
    }
}

void pel_collect(struct pel_sink *sink, const struct pel_view *v)
{
    collect_scalars(sink, v->shm); /* first: workers count requests last */
    pel_http_metrics_collect(sink, v->shm, v->exemplars);
    pel_exceptions_collect(sink, v->shm);
    pel_vitals_collect(sink, v->shm);
    pel_process_collect(sink, v->shm);
    pel_footprint_collect(sink, v->footprint);
    pel_backlog_collect(sink, v->shm->header);
    collect_server(sink, v->shm);
    collect_ends(sink, v->shm->header);
    collect_states(sink, v->shm);
    pel_telemetry_collect(sink, v);
    pel_instruments_collect(sink, v->shm);
}
