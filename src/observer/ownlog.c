#include "ownlog.h"

#include <unistd.h>

#include "encode.h"
#include "pellucid/log.h"
#include "pellucid/time.h"

#define MINUTE_NS (60 * PEL_NS_PER_SEC)

static bool has_room(struct pel_ownlog *own)
{
    uint64_t now_ns = pel_now_ns();

    if (!own->minute_ns || now_ns - own->minute_ns >= MINUTE_NS) {
        own->minute_ns = now_ns;
        own->n_lines = 0;
    }
    return own->n_lines++ < PEL_OWNLOG_LINES;
}

static void push(struct pel_ownlog *own, const struct pel_log_event *event)
{
    _Alignas(8) char room[PEL_RING_ENTRY_MAX];
    struct pel_logline_entry *entry = (struct pel_logline_entry *)(void *)room;

    pel_logline_make(entry, event, own->header->instance_id, getpid());
    pel_exporter_push(own->logs, pel_encode_logline(entry, entry->at_wall_ns), pel_now_ns());
}

/* Often from within an exporter, which is not to be pumped there. */
static void on_line(void *arg, const struct pel_log_event *event)
{
    struct pel_ownlog *own = arg;

    if (!own->logs->is_enabled || own->logs->is_stopping)
        return;
    if (!has_room(own)) {
        atomic_fetch_add_explicit(&own->header->exports[PEL_EXPORT_LOGS_QUEUE_FULL], 1,
                                  memory_order_relaxed);
        return;
    }
    push(own, event);
    uv_async_send(&own->wake);
}

static void on_wake(uv_async_t *wake)
{
    struct pel_ownlog *own = wake->data;

    pel_exporter_pump(own->logs);
}

void pel_ownlog_start(struct pel_ownlog *own, uv_loop_t *loop, struct pel_exporter *logs,
                      struct pel_shm_header *header)
{
    *own = (struct pel_ownlog){.logs = logs, .header = header};
    uv_async_init(loop, &own->wake, on_wake);
    own->wake.data = own;
    pel_log_set_watch(on_line, own);
}

void pel_ownlog_stop(struct pel_ownlog *own)
{
    pel_log_set_watch(NULL, NULL);
    uv_close((uv_handle_t *)&own->wake, NULL);
}
