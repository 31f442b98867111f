#include <stdio.h>

#include "backlog.h"
#include "exceptions.h"
#include "json.h"
#include "page.h"
#include "pellucid/inflight.h"
#include "pellucid/metrics.h"
#include "pellucid/time.h"
#include "process.h"
#include "status_routes.h"
#include "telemetry.h"
#include "vitals.h"

#define INFLIGHT_MAX 1000

static const char *const state_names[] = {"empty", "starting", "ready", "draining"};

#define LOAD(field) atomic_load_explicit(&(field), memory_order_relaxed)

static uint64_t age_ns(uint64_t since_ns)
{
    uint64_t now_ns = pel_now_ns();

    return since_ns && now_ns > since_ns ? now_ns - since_ns : 0;
}

/* Why workers have ended; what has not happened is left out. */
static void add_ends(struct pel_json *j, struct pel_shm_header *h)
{
    pel_json_open(j, "worker_ends", '{');
    for (size_t i = 0; i < PEL_END_N; i++)
        if (LOAD(h->worker_ends[i]))
            pel_json_uint(j, pel_end_word((enum pel_end)i), LOAD(h->worker_ends[i]));
    pel_json_close(j, '}');
}

static void add_supervisor(struct pel_json *j, struct pel_shm_header *h)
{
    pel_json_open(j, "supervisor", '{');
    pel_json_uint(j, "pid", (uint64_t)h->supervisor_pid);
    pel_json_time(j, "started", h->started_wall_ns);
    pel_json_seconds(j, "uptime_seconds", age_ns(h->started_ns));
#define PEL_SERVER(field, kind, unit, otel_name, text) pel_json_uint(j, #field, LOAD(h->field));
#include "pellucid/tbl/server.h"
#undef PEL_SERVER
    add_ends(j, h);
    pel_json_close(j, '}');
}

static void add_worker(struct pel_json *j, const struct pel_view *v, unsigned i, uint32_t state)
{
    struct pel_shm_slot *s = pel_shm_slot(v->shm, i);

    pel_json_open(j, NULL, '{');
    pel_json_uint(j, "id", i);
    pel_json_cstr(j, "state", state < PEL_ARRAY_LEN(state_names) ? state_names[state] : "?");
    pel_json_uint(j, "pid", (uint64_t)LOAD(s->pid));
    pel_json_uint(j, "generation", LOAD(s->generation));
    pel_json_seconds(j, "age_seconds", age_ns(LOAD(s->started_ns)));
    pel_json_uint(j, "requests", LOAD(s->worker_requests));
    pel_json_uint(j, "requests_active", pel_active_sum(s));
    pel_json_uint(j, "requests_queued", LOAD(s->metrics[PEL_METRIC_REQUESTS_QUEUED]));
    pel_json_uint(j, "connections_active", LOAD(s->metrics[PEL_METRIC_CONNECTIONS_ACTIVE]));
    pel_json_bool(j, "is_idle", LOAD(s->is_polling));
    pel_json_seconds(j, "loop_age_seconds", age_ns(LOAD(s->heartbeat_ns)));
    pel_process_show_worker(j, s);
    pel_footprint_show(j, v->footprint, i);
    pel_vitals_show(j, &s->vitals);
    pel_json_close(j, '}');
}

static void add_workers(struct pel_json *j, const struct pel_view *v)
{
    pel_json_open(j, "workers", '[');
    for (unsigned i = 0; i < v->shm->n_slots; i++) {
        uint32_t state = LOAD(pel_shm_slot(v->shm, i)->state);

        if (state != PEL_SLOT_EMPTY)
            add_worker(j, v, i, state);
    }
    pel_json_close(j, ']');
}

/* Copies an entry that a worker may be changing; false when it was seen to. */
static bool copy_entry(struct pel_shm_inflight *out, struct pel_shm_inflight *e)
{
    uint64_t start_ns = atomic_load_explicit(&e->start_ns, memory_order_acquire);
    uint8_t route_len;

    if (start_ns == 0)
        return false;
    route_len = atomic_load_explicit(&e->route_len, memory_order_acquire);
    atomic_store_explicit(&out->route_len,
                          route_len < sizeof(out->route) ? route_len : sizeof(out->route),
                          memory_order_relaxed);
    memcpy(out->trace_id, e->trace_id, sizeof(out->trace_id));
    memcpy(out->method, e->method, sizeof(out->method));
    memcpy(out->path, e->path, sizeof(out->path));
    memcpy(out->route, e->route, sizeof(out->route));
    out->path_len = e->path_len < sizeof(out->path) ? e->path_len : sizeof(out->path);
    atomic_store_explicit(&out->phase, LOAD(e->phase), memory_order_relaxed);
    atomic_store_explicit(&out->app_start_ns, LOAD(e->app_start_ns), memory_order_relaxed);
    atomic_store_explicit(&out->cpu_ns, LOAD(e->cpu_ns), memory_order_relaxed);
    atomic_store_explicit(&out->start_ns, start_ns, memory_order_relaxed);
    atomic_thread_fence(memory_order_acquire);
    return LOAD(e->start_ns) == start_ns;
}

static void add_request(struct pel_json *j, unsigned worker, int32_t pid,
                        struct pel_shm_inflight *e)
{
    pel_json_open(j, NULL, '{');
    pel_json_uint(j, "worker", worker);
    pel_json_uint(j, "pid", (uint64_t)pid);
    pel_json_str(j, "method", pel_str(e->method, strnlen(e->method, sizeof(e->method))));
    pel_json_str(j, "path", pel_str(e->path, e->path_len));
    if (LOAD(e->route_len))
        pel_json_str(j, "route", pel_str(e->route, LOAD(e->route_len)));
    pel_json_cstr(j, "phase", pel_request_phase_texts[pel_inflight_phase(e)]);
    pel_json_seconds(j, "age_seconds", age_ns(LOAD(e->start_ns)));
    if (LOAD(e->app_start_ns))
        pel_json_seconds(j, "app_seconds", age_ns(LOAD(e->app_start_ns)));
    if (LOAD(e->cpu_ns))
        pel_json_seconds(j, "cpu_seconds_at_most", LOAD(e->cpu_ns));
    pel_json_hex(j, "trace_id", e->trace_id, sizeof(e->trace_id));
    pel_json_close(j, '}');
}

static void add_requests(struct pel_json *j, struct pel_shm *shm)
{
    size_t n = 0;

    pel_json_open(j, "requests_in_flight", '[');
    for (unsigned i = 0; i < shm->n_slots; i++) {
        struct pel_shm_slot *s = pel_shm_slot(shm, i);
        struct pel_shm_inflight copy;

        if (LOAD(s->state) == PEL_SLOT_EMPTY)
            continue;
        for (size_t at = 0; at < PEL_SHM_INFLIGHT_N && n < INFLIGHT_MAX; at++) {
            if (!copy_entry(&copy, &s->inflight[at]))
                continue;
            add_request(j, i, LOAD(s->pid), &copy);
            n++;
        }
    }
    pel_json_close(j, ']');
}

static void add_health(struct pel_json *j, const struct pel_health *h)
{
    if (h->last_ok_wall_ns)
        pel_json_time(j, "last_success", h->last_ok_wall_ns);
    if (h->last_failure_wall_ns) {
        pel_json_time(j, "last_failure", h->last_failure_wall_ns);
        pel_json_cstr(j, "last_failure_reason", h->last_failure);
    }
}

/* "spans_exported", "log_records_queued", ... */
static void add_items(struct pel_json *j, const char *items, const char *what, uint64_t n)
{
    char key[64];

    snprintf(key, sizeof(key), "%s_%s", items, what);
    pel_json_uint(j, key, n);
}

/* items: what it exports, as it is called in keys. */
static void add_exporter(struct pel_json *j, const char *key, const char *items,
                         const struct pel_exporter *x)
{
    const _Atomic uint64_t *counters = x->header->exports;

    pel_json_open(j, key, '{');
    pel_json_bool(j, "is_enabled", x->is_enabled);
    if (x->is_enabled) {
        pel_json_cstr(j, "endpoint", x->transport.name);
        pel_json_bool(j, "is_failing", x->health.is_failing);
        add_items(j, items, "exported", LOAD(counters[x->kind->exported]));
        add_items(j, items, "rejected", LOAD(counters[x->kind->rejected]));
        add_items(j, items, "failed", LOAD(counters[x->kind->failed]));
        add_items(j, items, "dropped", LOAD(counters[x->kind->queue_full]));
        add_items(j, items, "in_flight", pel_exporter_inflight(x));
        add_items(j, "queue", items, x->queue.n);
        pel_json_uint(j, "queue_bytes", x->queue.bytes);
        add_health(j, &x->health);
    }
    pel_json_close(j, '}');
}

static void add_metrics_exporter(struct pel_json *j, const struct pel_metrics_exporter *x,
                                 struct pel_shm_header *h)
{
    pel_json_open(j, "metrics_exporter", '{');
    pel_json_bool(j, "is_enabled", x->is_enabled);
    if (x->is_enabled) {
        pel_json_cstr(j, "endpoint", x->transport.name);
        pel_json_bool(j, "is_failing", x->health.is_failing);
        pel_json_uint(j, "points_exported", LOAD(h->exports[PEL_EXPORT_POINTS_EXPORTED]));
        pel_json_uint(j, "points_rejected", LOAD(h->exports[PEL_EXPORT_POINTS_REJECTED]));
        pel_json_uint(j, "points_failed", LOAD(h->exports[PEL_EXPORT_POINTS_FAILED]));
        add_health(j, &x->health);
    }
    pel_json_close(j, '}');
}

static uint64_t active_total(const struct pel_shm *shm)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < shm->n_slots; i++)
        if (pel_shm_slot_is_used(pel_shm_slot(shm, i)))
            sum += pel_active_sum(pel_shm_slot(shm, i));
    return sum;
}

static void add_totals(struct pel_json *j, struct pel_shm *shm)
{
    pel_json_open(j, "totals", '{');
    for (unsigned m = 0; m < PEL_METRIC_N; m++) {
        uint64_t sum = pel_shm_sum(shm, m);

        if (strcmp(pel_metric_infos[m].unit, "ns") == 0)
            pel_json_seconds(j, pel_metric_infos[m].name, sum);
        else
            pel_json_uint(j, pel_metric_infos[m].name, sum);
    }
    pel_json_uint(j, "http.server.active_requests", active_total(shm));
    pel_json_close(j, '}');
}

void pel_page_status(const struct pel_view *v, const struct pel_head *head, struct pel_page *page)
{
    struct pel_json j = {.out = &page->body};

    page->type = "application/json";
    pel_json_open(&j, NULL, '{');
    pel_json_cstr(&j, "version", PEL_VERSION);
    add_supervisor(&j, v->shm->header);
    add_totals(&j, v->shm); /* first: workers count requests last */
    pel_backlog_show(&j, v->shm->header);
    add_workers(&j, v);
    pel_process_show_others(&j, v->shm);
    add_requests(&j, v->shm);
    pel_exceptions_show(&j, v->shm);
    pel_status_add_routes(&j, v);
    pel_status_add_kept(&j, v);
    add_exporter(&j, "exporter", "spans", v->exporter);
    add_exporter(&j, "logs_exporter", "log_records", v->logs);
    add_metrics_exporter(&j, v->metrics, v->shm->header);
    pel_telemetry_show(&j, v);
    pel_json_close(&j, '}');
    pel_buf_add(&page->body, "\n", 1);
}
