#include "pellucid/attribute.h"
#include "pellucid/logline.h"
#include "pellucid/time.h"

#include "probes.h"

/* Most bytes of each text. */
static const uint16_t max_len[PEL_LOGLINE_STR_N] = {
    [PEL_LOGLINE_MESSAGE] = 4096,
    [PEL_LOGLINE_DETAIL] = 8192,
    [PEL_LOGLINE_ATTRIBUTES] = PEL_ATTRIBUTE_PACKED_MAX,
};

static size_t pack(char room[PEL_ATTRIBUTE_PACKED_MAX], const struct pel_log_event *event)
{
    size_t len = 0;

    for (size_t i = 0; i < event->n_fields; i++) {
        const struct pel_log_field *f = &event->fields[i];
        struct pel_attribute a = {
            .type = f->number ? PEL_ATTRIBUTE_INT : PEL_ATTRIBUTE_STR,
            .key = pel_str(f->key, strlen(f->key)),
            .text = f->value,
            .integer = (int64_t)f->number,
        };

        if (f->number || f->value.len)
            len = pel_attribute_put(room, len, &a);
    }
    return len;
}

static void fill(struct pel_logline_entry *e, const struct pel_log_event *event,
                 const struct pel_str texts[PEL_LOGLINE_STR_N], const uint8_t instance_id[16],
                 int32_t pid)
{
    char *p = e->strings;

    e->at_wall_ns = pel_wall_ns();
    memset(e->trace_id, 0, sizeof(e->trace_id));
    memset(e->span_id, 0, sizeof(e->span_id));
    if (event->trace_id)
        memcpy(e->trace_id, event->trace_id, sizeof(e->trace_id));
    if (event->span_id)
        memcpy(e->span_id, event->span_id, sizeof(e->span_id));
    e->entry = (uint16_t)event->entry;
    memcpy(e->instance_id, instance_id, sizeof(e->instance_id));
    e->pid = pid;
    for (size_t i = 0; i < PEL_LOGLINE_STR_N; i++) {
        e->str_len[i] = (uint16_t)texts[i].len;
        if (texts[i].len)
            memcpy(p, texts[i].p, texts[i].len);
        p += texts[i].len;
    }
}

/* What event says, within its bounds, packed into room where it has to be; the length of an entry
 * with it. */
static size_t texts_of(struct pel_str texts[PEL_LOGLINE_STR_N], char *room,
                       const struct pel_log_event *event)
{
    const struct pel_str all[PEL_LOGLINE_STR_N] = {event->message, event->detail,
                                                   pel_str(room, pack(room, event))};
    size_t len = sizeof(struct pel_logline_entry);

    for (size_t i = 0; i < PEL_LOGLINE_STR_N; i++) {
        texts[i] = pel_str(all[i].p, all[i].len < max_len[i] ? all[i].len : max_len[i]);
        len += texts[i].len;
    }
    return len;
}

bool pel_logline_write(struct pel_shm_ring *ring, const struct pel_log_event *event,
                       const uint8_t instance_id[16], int32_t pid)
{
    char room[PEL_ATTRIBUTE_PACKED_MAX];
    struct pel_str texts[PEL_LOGLINE_STR_N];
    size_t len = texts_of(texts, room, event);
    struct pel_logline_entry *e =
        (struct pel_logline_entry *)(void *)pel_ring_reserve(ring, len, PEL_RING_LOGLINE, true);

    if (!e)
        return false;
    fill(e, event, texts, instance_id, pid);
    pel_ring_commit(ring, &e->ring);
    return true;
}

void pel_logline_make(struct pel_logline_entry *out, const struct pel_log_event *event,
                      const uint8_t instance_id[16], int32_t pid)
{
    char room[PEL_ATTRIBUTE_PACKED_MAX];
    struct pel_str texts[PEL_LOGLINE_STR_N];
    size_t len = texts_of(texts, room, event);

    out->ring = (struct pel_ring_entry){.len = (uint32_t)len, .type = PEL_RING_LOGLINE};
    fill(out, event, texts, instance_id, pid);
}

bool pel_logline_is_valid(const struct pel_logline_entry *entry)
{
    size_t len = sizeof(*entry);

    if (entry->ring.len < len || entry->entry >= PEL_LOG_N)
        return false;
    for (size_t i = 0; i < PEL_LOGLINE_STR_N; i++)
        len += entry->str_len[i];
    return len <= entry->ring.len;
}

struct pel_str pel_logline_string(const struct pel_logline_entry *entry,
                                  enum pel_logline_string which)
{
    const char *p = entry->strings;

    for (unsigned i = 0; i < (unsigned)which; i++)
        p += entry->str_len[i];
    return pel_str(p, entry->str_len[which]);
}

/* --- of a worker --- */

static void on_line(void *arg, const struct pel_log_event *event)
{
    struct pel_probes *ps = arg;
    bool is_taken;

    pthread_mutex_lock(&ps->lock);
    is_taken = pel_logline_write(&ps->slot->ring, event, ps->worker.instance_id, ps->worker.pid);
    pthread_mutex_unlock(&ps->lock);
    if (!is_taken)
        pel_metric_add(ps->slot, PEL_METRIC_LOG_RECORDS_DROPPED, 1);
    pel_ring_poke(ps->shm, &ps->slot->ring);
}

static bool is_wanted(const struct pel_conf *conf)
{
    return pel_conf_exports(conf, PEL_SIGNAL_LOGS);
}

static int start(struct pel_probes *ps, struct pel_err *err)
{
    pel_log_set_watch(on_line, ps);
    return 0;
}

static void stop(struct pel_probes *ps)
{
    pel_log_set_watch(NULL, NULL);
}

const struct pel_probe pel_probe_logline = {
    .name = "logline",
    .is_wanted = is_wanted,
    .start = start,
    .stop = stop,
};
