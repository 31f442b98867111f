#include <stdio.h>
#include <stdlib.h>

#include "duration.h"
#include "pellucid/mem.h"
#include "pellucid/metrics.h"
#include "pellucid/record.h"
#include "pellucid/time.h"

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

static void add_error_type(struct pel_exposition *e, const struct pel_shm_series *k)
{
    const char *error = pel_error_text((enum pel_error)k->error);
    char code[8];

    if (!error[0] && k->status >= 500) {
        snprintf(code, sizeof(code), "%u", k->status);
        error = code;
    }
    if (error[0])
        pel_exposition_label(e, "error.type", pel_str(error, strlen(error)));
}

static void add_labels(struct pel_exposition *e, const struct stream *s)
{
    const struct pel_shm_series *k = s->key;
    size_t route_len = k->route_len < sizeof(k->route) ? k->route_len : sizeof(k->route);
    char code[8];

    if (s->is_overflow) {
        pel_exposition_label(e, "otel.metric.overflow", PEL_STR("true"));
        return;
    }
    snprintf(code, sizeof(code), "%u", k->status);
    pel_exposition_label(e, "http.request.method",
                         pel_str(k->method, strnlen(k->method, sizeof(k->method))));
    pel_exposition_label(e, "url.scheme", k->is_https ? PEL_STR("https") : PEL_STR("http"));
    if (k->status)
        pel_exposition_label(e, "http.response.status_code", pel_str(code, strlen(code)));
    if (route_len)
        pel_exposition_label(e, "http.route", pel_str(k->route, route_len));
    pel_exposition_label(e, "network.protocol.version",
                         k->version_minor ? PEL_STR("1.1") : PEL_STR("1.0"));
    add_error_type(e, k);
}

/* A bound in seconds as clients expect it: 0.005, 2.5, 10. OpenMetrics wants floats. */
static void format_bound(char out[24], size_t i, bool is_openmetrics)
{
    if (i == PEL_DURATION_BUCKETS - 1) {
        snprintf(out, 24, "+Inf");
        return;
    }
    snprintf(out, 24, "%g", (double)pel_duration_bounds_ns[i] / PEL_NS_PER_SEC);
    if (is_openmetrics && !strchr(out, '.'))
        strcat(out, ".0");
}

static void show_stream(struct pel_exposition *e, const struct stream *s)
{
    uint64_t n = 0;
    char bound[24];

    e->is_ns = false;
    for (size_t i = 0; i < PEL_DURATION_BUCKETS; i++) {
        n += s->buckets[i];
        format_bound(bound, i, e->is_openmetrics);
        pel_exposition_begin(e, "_bucket");
        add_labels(e, s);
        pel_exposition_label(e, "le", pel_str(bound, strlen(bound)));
        pel_exposition_value(e, n);
    }
    pel_exposition_begin(e, "_count");
    add_labels(e, s);
    pel_exposition_value(e, n);
    pel_exposition_begin(e, "_sum");
    add_labels(e, s);
    e->is_ns = true;
    pel_exposition_value(e, s->sum_ns);
}

void pel_duration_show(struct pel_exposition *e, struct pel_shm *shm)
{
    struct streams ss = {.items = NULL};

    for (unsigned i = 0; i < shm->header->n_slots; i++) {
        const struct pel_shm_slot *slot = pel_shm_slot(shm, i);

        for (size_t at = 0; at < PEL_SHM_SERIES_N && pel_shm_slot_is_used(slot); at++)
            read_series(&ss, slot, &slot->series[at]);
    }
    if (ss.n)
        qsort(ss.items, ss.n, sizeof(*ss.items), compare);
    merge(&ss);
    pel_exposition_family(e, "http.server.request.duration", "s", "histogram",
                          "Duration of HTTP server requests.");
    for (size_t i = 0; i < ss.n; i++)
        show_stream(e, &ss.items[i]);
    free(ss.items);
}
