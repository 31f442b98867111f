#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "pellucid/instrument.h"
#include "pellucid/time.h"

#include "probes.h"

/* In the order of their hooks: the span probe uses the stream that metrics have found. */
static const struct pel_probe *const probes[] = {
    &pel_probe_inflight,  &pel_probe_metrics, &pel_probe_span,
    &pel_probe_accesslog, &pel_probe_logline, &pel_probe_context,
};
_Static_assert(PEL_ARRAY_LEN(probes) <= PEL_PROBES_MAX, "struct pel_probes has room for them");

static void add_hooks(struct pel_probes *ps, const struct pel_probe *probe)
{
    ps->started[ps->n_started++] = probe;
    if (probe->begin)
        ps->begin[ps->n_begin++] = probe->begin;
    if (probe->app_enter)
        ps->app_enter[ps->n_app_enter++] = probe->app_enter;
    if (probe->app_leave)
        ps->app_leave[ps->n_app_leave++] = probe->app_leave;
    if (probe->finish)
        ps->finish[ps->n_finish++] = probe->finish;
    if (probe->flush)
        ps->flush[ps->n_flush++] = probe->flush;
}

/* A random UUID (RFC 9562, version 4). */
static void draw_uuid(uint8_t id[16])
{
    if (getrandom(id, 16, 0) < 0)
        memcpy(id, &(uint64_t[2]){pel_wall_ns(), (uint64_t)getpid()}, 16);
    id[6] = (uint8_t)((id[6] & 0x0f) | 0x40);
    id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
}

/* From now on what the slot says of a worker is about this process. */
static void take_slot(struct pel_probes *ps)
{
    ps->worker.pid = (int32_t)getpid();
    draw_uuid(ps->worker.instance_id);
    memcpy(ps->slot->instance_id, ps->worker.instance_id, sizeof(ps->slot->instance_id));
    atomic_store_explicit(&ps->slot->worker_requests, 0, memory_order_relaxed);
    atomic_store_explicit(&ps->slot->is_used, 1, memory_order_relaxed);
}

struct pel_probes *pel_probes_start(const struct pel_conf *conf, struct pel_shm *shm, unsigned slot,
                                    int access_fd, struct pel_err *err)
{
    struct pel_probes *ps = calloc(1, sizeof(*ps));

    PEL_ASSERT(ps != NULL);
    ps->conf = conf;
    ps->shm = shm;
    ps->slot = pel_shm_slot(shm, slot);
    ps->slot_index = slot;
    ps->access_fd = access_fd;
    pthread_mutex_init(&ps->lock, NULL);
    take_slot(ps);
    for (size_t i = 0; i < PEL_ARRAY_LEN(probes); i++) {
        if (probes[i]->is_wanted && !probes[i]->is_wanted(conf))
            continue;
        if (probes[i]->start && probes[i]->start(ps, err) < 0) {
            pel_probes_stop(ps);
            return NULL;
        }
        add_hooks(ps, probes[i]);
    }
    return ps;
}

void pel_probes_stop(struct pel_probes *ps)
{
    pel_probes_flush(ps);
    while (ps->n_started) {
        const struct pel_probe *probe = ps->started[--ps->n_started];

        if (probe->stop)
            probe->stop(ps);
    }
    if (ps->access_fd >= 0)
        close(ps->access_fd);
    pthread_mutex_destroy(&ps->lock);
    free(ps);
}

void pel_probes_begin(struct pel_probes *ps, struct pel_record *rec)
{
    for (size_t i = 0; i < ps->n_begin; i++)
        ps->begin[i](ps, rec);
}

void pel_probes_app_enter(struct pel_probes *ps, struct pel_record *rec)
{
    for (size_t i = 0; i < ps->n_app_enter; i++)
        ps->app_enter[i](ps, rec);
}

void pel_probes_app_leave(struct pel_probes *ps, struct pel_record *rec)
{
    for (size_t i = 0; i < ps->n_app_leave; i++)
        ps->app_leave[i](ps, rec);
}

/* The app may have waited beside a wait for its client (in another task), or after the last byte.
 */
static void cut_gil_wait(struct pel_record *rec)
{
    uint64_t most_ns =
        rec->phase_ns[PEL_REQUEST_PHASE_QUEUE] + rec->phase_ns[PEL_REQUEST_PHASE_APP];

    if (PEL_UNLIKELY(rec->spent.gil_wait_ns > most_ns))
        rec->spent.gil_wait_ns = most_ns;
}

void pel_probes_finish(struct pel_probes *ps, struct pel_record *rec)
{
    pel_record_phases(rec, rec->stamp_ns[PEL_STAMP_LAST_BYTE], rec->phase_ns);
    cut_gil_wait(rec);
    pthread_mutex_lock(&ps->lock);
    pel_counter_add(&ps->slot->worker_requests, 1);
    for (size_t i = 0; i < ps->n_finish; i++)
        ps->finish[i](ps, rec);
    pthread_mutex_unlock(&ps->lock);
}

bool pel_probes_flush(struct pel_probes *ps)
{
    bool is_left = false;

    if (!atomic_load_explicit(&ps->is_dirty, memory_order_relaxed))
        return false;
    pthread_mutex_lock(&ps->lock);
    for (size_t i = 0; i < ps->n_flush; i++)
        is_left |= ps->flush[i](ps);
    atomic_store_explicit(&ps->is_dirty, is_left, memory_order_relaxed);
    pthread_mutex_unlock(&ps->lock);
    return is_left;
}

void pel_probes_set_access_fd(struct pel_probes *ps, int fd)
{
    pthread_mutex_lock(&ps->lock);
    if (ps->accesslog.file.log)
        pel_logfile_set_fd(&ps->accesslog.file, fd);
    else if (fd >= 0)
        close(fd);
    pthread_mutex_unlock(&ps->lock);
}

struct pel_shm_instruments *pel_instruments_of(struct pel_probes *ps)
{
    return &ps->slot->instruments;
}
