#include <stdlib.h>

#include "pellucid/mem.h"
#include "pellucid/time.h"

#include "probes.h"

enum { HEAD, TAIL };

static const struct {
    size_t offset; /* of the struct pel_str in struct pel_record */
    uint16_t max_len;
    uint8_t end;
} strings[PEL_SPAN_STR_N] = {
#define PEL_SPAN_STRING(name, field, max_len, end)                                                 \
    {offsetof(struct pel_record, field), max_len, end},
#include "pellucid/tbl/span_strings.h"
#undef PEL_SPAN_STRING
};

enum {
    STRINGS_MAX = 0
#define PEL_SPAN_STRING(name, field, max_len, end) +max_len
#include "pellucid/tbl/span_strings.h"
#undef PEL_SPAN_STRING
};
_Static_assert(sizeof(struct pel_span_entry) + STRINGS_MAX + 8 <= PEL_RING_ENTRY_MAX,
               "the largest span fits an entry");

/* The part of text i that travels. A route that is not exported stays behind. */
static struct pel_str clip(const struct pel_record *rec, size_t i)
{
    struct pel_str s =
        *(const struct pel_str *)(const void *)((const char *)rec + strings[i].offset);
    size_t cut;

    if (i == PEL_SPAN_STR_ROUTE)
        s = pel_record_route(rec);
    if (PEL_LIKELY(s.len <= strings[i].max_len))
        return s;
    cut = s.len - strings[i].max_len;
    return strings[i].end == TAIL ? pel_str(s.p + cut, strings[i].max_len)
                                  : pel_str(s.p, strings[i].max_len);
}

static void fill_numbers(struct pel_span_entry *e, const struct pel_record *rec,
                         const struct pel_span_worker *worker, uint32_t flags)
{
    memcpy(e->stamp_ns, rec->stamp_ns, sizeof(e->stamp_ns));
    memcpy(e->phase_ns, rec->phase_ns, sizeof(e->phase_ns));
    e->spent = rec->spent;
    e->proxy_ns = rec->proxy_ns;
    e->accept_ns = rec->accept_ns;
    e->bytes_in = rec->bytes_in;
    e->bytes_out = rec->bytes_out;
    e->body_in = rec->body_in;
    e->body_out = rec->body_out;
    e->thread_id = rec->thread_id;
    e->connection_requests = rec->connection_requests;
    e->worker_requests = worker->n_requests;
    memcpy(e->trace_id, rec->trace.trace_id, sizeof(e->trace_id));
    memcpy(e->span_id, rec->trace.span_id, sizeof(e->span_id));
    memcpy(e->parent_span_id, rec->trace.parent_span_id, sizeof(e->parent_span_id));
    if (PEL_UNLIKELY(rec->trace.has_link))
        e->link = rec->trace.link;
    memcpy(e->instance_id, worker->instance_id, sizeof(e->instance_id));
    e->pid = worker->pid;
    e->flags = flags | (rec->trace.has_parent ? PEL_SPAN_HAS_PARENT : 0U) |
               (rec->trace.has_link ? PEL_SPAN_HAS_LINK : 0U) |
               (pel_record_is_https(rec) ? PEL_SPAN_IS_HTTPS : 0U);
    e->status = rec->status;
    e->client_port = rec->client_port;
    e->peer_port = rec->peer_port;
    e->trace_flags = rec->trace.flags;
    e->version_minor = rec->version_minor;
    e->error = (uint8_t)rec->error;
    e->route_source = (uint8_t)rec->route_source;
}

bool pel_span_write(struct pel_shm_ring *ring, const struct pel_record *rec,
                    const struct pel_span_worker *worker, uint32_t flags)
{
    struct pel_str texts[PEL_SPAN_STR_N];
    size_t len = sizeof(struct pel_span_entry);
    struct pel_span_entry *e;
    char *p;

    for (size_t i = 0; i < PEL_SPAN_STR_N; i++) {
        texts[i] = clip(rec, i);
        len += texts[i].len;
    }
    e = (struct pel_span_entry *)(void *)pel_ring_reserve(
        ring, len, PEL_RING_SPAN, (flags & (PEL_SPAN_SLOW | PEL_SPAN_FAILED)) != 0);
    if (!e)
        return false;
    fill_numbers(e, rec, worker, flags);
    p = e->strings;
    for (size_t i = 0; i < PEL_SPAN_STR_N; i++) {
        e->str_len[i] = (uint16_t)texts[i].len;
        if (texts[i].len)
            memcpy(p, texts[i].p, texts[i].len);
        p += texts[i].len;
    }
    pel_ring_commit(ring, &e->ring);
    return true;
}

bool pel_span_is_valid(const struct pel_span_entry *entry)
{
    size_t len = sizeof(*entry);

    if (entry->ring.len < len)
        return false;
    for (size_t i = 0; i < PEL_SPAN_STR_N; i++)
        len += entry->str_len[i];
    return len <= entry->ring.len;
}

struct pel_str pel_span_string(const struct pel_span_entry *entry, enum pel_span_string which)
{
    const char *p = entry->strings;

    for (unsigned i = 0; i < (unsigned)which; i++)
        p += entry->str_len[i];
    return pel_str(p, entry->str_len[which]);
}

void pel_span_strings(const struct pel_span_entry *entry, struct pel_str out[PEL_SPAN_STR_N])
{
    const char *p = entry->strings;

    for (size_t i = 0; i < PEL_SPAN_STR_N; i++) {
        out[i] = pel_str(p, entry->str_len[i]);
        p += entry->str_len[i];
    }
}

bool pel_span_is_exported(const struct pel_conf *conf)
{
    return pel_conf_exports(conf, PEL_SIGNAL_TRACES);
}

static bool is_wanted(const struct pel_conf *conf)
{
    return pel_span_is_exported(conf) || strcmp(conf->admin_bind, "off") != 0;
}

uint32_t pel_span_keeps(const struct pel_conf *conf)
{
    static const struct {
        const char *word;
        uint32_t flag;
    } words[] = {
        {"slow", PEL_SPAN_SLOW},
        {"error", PEL_SPAN_FAILED | PEL_SPAN_TIMED_OUT},
        {"timeout", PEL_SPAN_TIMED_OUT},
        {"slowest", PEL_SPAN_SLOWEST},
    };
    uint32_t keeps = PEL_SPAN_KEPT;

    for (size_t i = 0; i < PEL_ARRAY_LEN(words); i++)
        if (pel_strings_have(&conf->trace_keep, words[i].word))
            keeps |= words[i].flag;
    return keeps;
}

static int start(struct pel_probes *ps, struct pel_err *err)
{
    ps->spans.keeps = pel_span_keeps(ps->conf);
    if (ps->spans.keeps & PEL_SPAN_SLOWEST)
        ps->spans.slowest = pel_mem_new(1, sizeof(*ps->spans.slowest));
    return 0;
}

static void stop(struct pel_probes *ps)
{
    free(ps->spans.slowest);
}

static uint64_t slow_ns(const struct pel_probes *ps, const struct pel_record *rec)
{
    int64_t ms = rec->conf_route ? rec->conf_route->slow_ms : ps->conf->requests_slow_ms;

    return (uint64_t)ms * PEL_NS_PER_MS;
}

static bool is_timeout(enum pel_error error)
{
    return error == PEL_ERROR_HEADER_TIMEOUT || error == PEL_ERROR_BODY_TIMEOUT ||
           error == PEL_ERROR_WRITE_TIMEOUT;
}

static uint32_t flags_of(struct pel_probes *ps, const struct pel_record *rec)
{
    uint64_t duration_ns = pel_record_duration_ns(rec);
    uint32_t flags = (rec->trace.flags & PEL_TRACE_SAMPLED ? PEL_SPAN_SAMPLED : 0U) |
                     (duration_ns > slow_ns(ps, rec) ? PEL_SPAN_SLOW : 0U) |
                     (pel_record_is_failed(rec) ? PEL_SPAN_FAILED : 0U) |
                     (is_timeout(rec->error) ? PEL_SPAN_TIMED_OUT : 0U) |
                     (rec->is_kept ? PEL_SPAN_KEPT : 0U);

    /* Only among those that leave for no other reason. */
    if (PEL_UNLIKELY(ps->spans.slowest != NULL) && !pel_span_is_kept(flags, ps->spans.keeps) &&
        pel_slowest_note(ps->spans.slowest, (size_t)(ps->series - ps->slot->series.items),
                         rec->stamp_ns[PEL_STAMP_LAST_BYTE], duration_ns))
        flags |= PEL_SPAN_SLOWEST;
    return flags;
}

static void finish(struct pel_probes *ps, struct pel_record *rec)
{
    uint32_t flags = flags_of(ps, rec);
    bool is_written;

    if (!pel_span_is_kept(flags, ps->spans.keeps) && !(flags & PEL_SPAN_SLOWEST))
        return;
    ps->worker.n_requests = atomic_load_explicit(&ps->slot->worker_requests, memory_order_relaxed);
    is_written = pel_span_write(&ps->slot->ring, rec, &ps->worker, flags);
    pel_metric_add(ps->slot, is_written ? PEL_METRIC_SPANS : PEL_METRIC_SPANS_DROPPED, 1);
    ps->spans.has_new = true;
    atomic_store_explicit(&ps->is_dirty, true, memory_order_relaxed);
}

static bool flush(struct pel_probes *ps)
{
    if (!ps->spans.has_new)
        return false;
    ps->spans.has_new = false;
    pel_ring_poke(ps->shm, &ps->slot->ring);
    return false;
}

const struct pel_probe pel_probe_span = {
    .name = "span",
    .is_wanted = is_wanted,
    .start = start,
    .finish = finish,
    .flush = flush,
    .stop = stop,
};
