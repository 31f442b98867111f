#include <fcntl.h>

#include "probes.h"

/* As far as it was known before the end; a name that may have been cut is none. */
static struct pel_str route_of(const struct pel_shm_inflight *e)
{
    uint8_t len = atomic_load_explicit(&e->route_len, memory_order_acquire);

    return len < sizeof(e->route) ? pel_str(e->route, len) : PEL_STR_NONE;
}

static void fill_record(struct pel_record *rec, const struct pel_shm_inflight *e, uint64_t start_ns,
                        uint64_t died_ns)
{
    *rec = (struct pel_record){
        .error = PEL_ERROR_KILLED,
        .version_minor = e->version_minor,
        .method = {e->method, strnlen(e->method, sizeof(e->method))},
        .path = {e->path, e->path_len <= sizeof(e->path) ? e->path_len : sizeof(e->path)},
        .route = route_of(e),
        .route_source = PEL_ROUTE_API,
        .scheme = e->is_https ? PEL_STR("https") : PEL_STR("http"),
        .trace.flags = e->trace_flags,
        .trace.has_parent = e->has_parent,
    };
    memcpy(rec->trace.trace_id, e->trace_id, sizeof(e->trace_id));
    memcpy(rec->trace.span_id, e->span_id, sizeof(e->span_id));
    memcpy(rec->trace.parent_span_id, e->parent_span_id, sizeof(e->parent_span_id));
    pel_record_stamp(rec, PEL_STAMP_FIRST_BYTE, start_ns);
    pel_record_stamp(rec, PEL_STAMP_APP_START,
                     atomic_load_explicit(&e->app_start_ns, memory_order_relaxed));
    pel_record_stamp(rec, PEL_STAMP_LAST_BYTE, died_ns);
    pel_record_phases(rec, died_ns, rec->phase_ns);
}

static void bury_one(struct pel_shm_slot *slot, const struct pel_record *rec)
{
    struct pel_span_worker worker = {
        .pid = atomic_load_explicit(&slot->pid, memory_order_relaxed),
    };
    uint32_t flags =
        PEL_SPAN_FAILED | (rec->trace.flags & PEL_TRACE_SAMPLED ? PEL_SPAN_SAMPLED : 0U);

    memcpy(worker.instance_id, slot->instance_id, sizeof(worker.instance_id));
    pel_counter_add(&slot->worker_requests, 1);
    pel_series_add(&slot->series, pel_series_find(&slot->series, rec, NULL), rec);
    pel_metrics_count(slot, rec);
    worker.n_requests = atomic_load_explicit(&slot->worker_requests, memory_order_relaxed);
    pel_metric_add(slot,
                   pel_span_write(&slot->ring, rec, &worker, flags) ? PEL_METRIC_SPANS
                                                                    : PEL_METRIC_SPANS_DROPPED,
                   1);
}

/* Lines that the worker had finished but not written. */
static void write_log(struct pel_shm_slot *slot, int access_fd)
{
    struct pel_logfile file;

    pel_logfile_init(&file, &slot->log);
    if (access_fd >= 0)
        pel_logfile_set_fd(&file, fcntl(access_fd, F_DUPFD_CLOEXEC, 3));
    pel_logfile_fini(&file, 0);
    pel_metric_add(slot, PEL_METRIC_LOG_LINES_DROPPED, file.n_lost);
}

unsigned pel_probes_bury(struct pel_shm *shm, unsigned slot_index, uint64_t died_ns, int access_fd,
                         void (*each)(void *arg, const struct pel_shm_inflight *request), void *arg)
{
    struct pel_shm_slot *slot = pel_shm_slot(shm, slot_index);
    unsigned n = 0;

    for (size_t i = 0; i < PEL_SHM_INFLIGHT_N; i++) {
        struct pel_shm_inflight *e = &slot->inflight[i];
        uint64_t start_ns = atomic_load_explicit(&e->start_ns, memory_order_acquire);
        struct pel_record rec;

        if (start_ns == 0)
            continue;
        if (each)
            each(arg, e);
        fill_record(&rec, e, start_ns, died_ns);
        bury_one(slot, &rec);
        atomic_store_explicit(&e->start_ns, 0, memory_order_release);
        n++;
    }
    pel_metrics_reset_gauges(slot);
    write_log(slot, access_fd);
    if (n)
        pel_ring_poke(shm, &slot->ring);
    return n;
}
