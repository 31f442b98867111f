#include <stdio.h>
#include <stdlib.h>

#include "duration.h"
#include "pellucid/mem.h"
#include "pellucid/record.h"

/* One stream, of one worker or of all. */
struct stream {
    const struct pel_shm_series *key; /* its attributes */
    bool is_overflow;
    uint64_t sum_ns;
    uint64_t buckets[PEL_DURATION_BUCKETS];
};

struct streams {
    struct stream *items; /* owned */
    size_t n, cap;
};

static void read_series(struct streams *ss, const struct pel_shm_slot *slot,
                        const struct pel_shm_series *s)
{
    struct stream *to;

    if (!atomic_load_explicit(&s->is_used, memory_order_acquire))
        return;
    if (ss->n == ss->cap) {
        ss->cap = ss->cap ? ss->cap * 2 : 64;
        ss->items = pel_mem_resize(ss->items, ss->cap, sizeof(*ss->items));
    }
    to = &ss->items[ss->n++];
    to->key = s;
    to->is_overflow = pel_series_is_overflow(slot, s);
    to->sum_ns = atomic_load_explicit(&s->sum_ns, memory_order_relaxed);
    for (size_t i = 0; i < PEL_DURATION_BUCKETS; i++)
        to->buckets[i] = atomic_load_explicit(&s->buckets[i], memory_order_relaxed);
}

/* Overflow last; otherwise any order that puts equal ones side by side. */
static int compare(const void *a, const void *b)
{
    const struct stream *x = a, *y = b;
    const struct pel_shm_series *k = x->key, *l = y->key;
    int d;

    if (x->is_overflow || y->is_overflow)
        return x->is_overflow - y->is_overflow;
    if ((d = memcmp(k->route, l->route, sizeof(k->route))) ||
        (d = memcmp(k->method, l->method, sizeof(k->method))))
        return d;
    if ((d = k->route_len - l->route_len) || (d = k->status - l->status) ||
        (d = k->error - l->error) || (d = k->version_minor - l->version_minor))
        return d;
    return k->is_https - l->is_https;
}

/* Adds equal neighbours up. */
static void merge(struct streams *ss)
{
    size_t n = 0;

    for (size_t i = 0; i < ss->n; i++) {
        struct stream *from = &ss->items[i], *to = n ? &ss->items[n - 1] : NULL;

        if (!to || compare(to, from) != 0) {
            ss->items[n++] = *from;
            continue;
        }
        to->sum_ns += from->sum_ns;
        for (size_t b = 0; b < PEL_DURATION_BUCKETS; b++)
            to->buckets[b] += from->buckets[b];
    }
    ss->n = n;
}

static void add_error_type(struct pel_labels *ls, const struct pel_shm_series *k, char code[8])
{
    const char *error = pel_error_text((enum pel_error)k->error);

    if (!error[0] && k->status >= 500) {
        snprintf(code, 8, "%u", k->status);
        error = code;
    }
    if (error[0])
        pel_labels_cstr(ls, "error.type", error);
}

/* code: room for a text that the labels borrow. */
static void make_labels(struct pel_labels *ls, const struct stream *s, char code[8])
{
    const struct pel_shm_series *k = s->key;
    size_t route_len = k->route_len < sizeof(k->route) ? k->route_len : sizeof(k->route);

    ls->n = 0;
    if (s->is_overflow) {
        pel_labels_cstr(ls, "otel.metric.overflow", "true");
        return;
    }
    pel_labels_text(ls, "http.request.method",
                    pel_str(k->method, strnlen(k->method, sizeof(k->method))));
    pel_labels_cstr(ls, "url.scheme", k->is_https ? "https" : "http");
    if (k->status)
        pel_labels_number(ls, "http.response.status_code", k->status);
    if (route_len)
        pel_labels_text(ls, "http.route", pel_str(k->route, route_len));
    pel_labels_cstr(ls, "network.protocol.version", k->version_minor ? "1.1" : "1.0");
    add_error_type(ls, k, code);
}

void pel_duration_collect(struct pel_sink *sink, struct pel_shm *shm)
{
    static const struct pel_metric_info info = {
        PEL_METRIC_KIND_HISTOGRAM,
        "ns",
        "http.server.request.duration",
        "Duration of HTTP server requests.",
    };
    struct streams ss = {.items = NULL};
    struct pel_labels labels;
    char code[8];

    for (unsigned i = 0; i < shm->header->n_slots; i++) {
        const struct pel_shm_slot *slot = pel_shm_slot(shm, i);

        for (size_t at = 0; at < PEL_SHM_SERIES_N && pel_shm_slot_is_used(slot); at++)
            read_series(&ss, slot, &slot->series[at]);
    }
    if (ss.n)
        qsort(ss.items, ss.n, sizeof(*ss.items), compare);
    merge(&ss);
    sink->family(sink, &info);
    for (size_t i = 0; i < ss.n; i++) {
        const struct stream *s = &ss.items[i];
        struct pel_histogram h = {pel_duration_bounds_ns, s->buckets, PEL_DURATION_BUCKETS - 1,
                                  s->sum_ns};

        make_labels(&labels, s, code);
        sink->histogram(sink, &labels, &h);
    }
    free(ss.items);
}
