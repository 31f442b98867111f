#include "pellucid/attribute.h"
#include "pellucid/child.h"

#include "probes.h"

/* Most bytes of each text. */
static const uint16_t max_len[PEL_CHILD_STR_N] = {
    [PEL_CHILD_NAME] = 256,
    [PEL_CHILD_TRACE_STATE] = 512,
    [PEL_CHILD_ATTRIBUTES] = PEL_ATTRIBUTE_PACKED_MAX,
    [PEL_CHILD_EXC_TYPE] = 128,
    [PEL_CHILD_EXC_MESSAGE] = 1024,
    [PEL_CHILD_EXC_STACK] = 8192,
};

bool pel_child_is_wanted(const struct pel_probes *ps)
{
    for (size_t i = 0; i < ps->n_started; i++)
        if (ps->started[i] == &pel_probe_span)
            return true;
    return false;
}

static uint16_t clipped(const struct pel_child *child, size_t i)
{
    size_t len = child->strings[i].len;

    return (uint16_t)(len < max_len[i] ? len : max_len[i]);
}

static void fill(struct pel_child_entry *e, const struct pel_child *child,
                 const struct pel_span_worker *worker)
{
    char *p = e->strings;

    e->start_ns = child->start_ns;
    e->end_ns = child->end_ns;
    memcpy(e->trace_id, child->trace_id, sizeof(e->trace_id));
    memcpy(e->span_id, child->span_id, sizeof(e->span_id));
    memcpy(e->parent_span_id, child->parent_span_id, sizeof(e->parent_span_id));
    memcpy(e->above_span_id, child->above_span_id, sizeof(e->above_span_id));
    memcpy(e->instance_id, worker->instance_id, sizeof(e->instance_id));
    e->pid = worker->pid;
    e->trace_flags = child->trace_flags;
    for (size_t i = 0; i < PEL_CHILD_STR_N; i++) {
        e->str_len[i] = clipped(child, i);
        if (e->str_len[i])
            memcpy(p, child->strings[i].p, e->str_len[i]);
        p += e->str_len[i];
    }
}

void pel_child_write(struct pel_probes *ps, const struct pel_child *child)
{
    bool is_important = child->strings[PEL_CHILD_EXC_TYPE].len > 0;
    size_t len = sizeof(struct pel_child_entry);
    struct pel_child_entry *e;

    for (size_t i = 0; i < PEL_CHILD_STR_N; i++)
        len += clipped(child, i);
    pthread_mutex_lock(&ps->lock);
    e = (struct pel_child_entry *)(void *)pel_ring_reserve(&ps->slot->ring, len, PEL_RING_CHILD,
                                                           is_important);
    if (e) {
        fill(e, child, &ps->worker);
        pel_ring_commit(&ps->slot->ring, &e->ring);
    }
    pthread_mutex_unlock(&ps->lock);
    pel_metric_add(ps->slot, e ? PEL_METRIC_SPANS : PEL_METRIC_SPANS_DROPPED, 1);
    pel_ring_poke(ps->shm, &ps->slot->ring);
}

bool pel_child_is_valid(const struct pel_child_entry *entry)
{
    size_t len = sizeof(*entry);

    if (entry->ring.len < len)
        return false;
    for (size_t i = 0; i < PEL_CHILD_STR_N; i++)
        len += entry->str_len[i];
    return len <= entry->ring.len;
}

struct pel_str pel_child_string(const struct pel_child_entry *entry, enum pel_child_string which)
{
    const char *p = entry->strings;

    for (unsigned i = 0; i < (unsigned)which; i++)
        p += entry->str_len[i];
    return pel_str(p, entry->str_len[which]);
}
