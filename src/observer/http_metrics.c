#include <stdio.h>

#include "http_metrics.h"
#include "pellucid/inflight.h"
#include "streams.h"

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
static void make_labels(struct pel_labels *ls, const struct pel_stream *s, char code[8])
{
    const struct pel_shm_series *k = s->key;

    ls->n = 0;
    if (s->is_overflow) {
        pel_labels_overflow(ls);
        return;
    }
    pel_labels_text(ls, "http.request.method", pel_series_method(k));
    pel_labels_cstr(ls, "url.scheme", k->is_https ? "https" : "http");
    if (k->status)
        pel_labels_number(ls, "http.response.status_code", k->status);
    if (k->route_len)
        pel_labels_text(ls, "http.route", pel_series_route(k));
    pel_labels_cstr(ls, "network.protocol.version", k->version_minor ? "1.1" : "1.0");
    add_error_type(ls, k, code);
}

static void collect_durations(struct pel_sink *sink, const struct pel_streams *ss,
                              const struct pel_exemplars *exemplars)
{
    static const struct pel_metric_info info = {
        PEL_METRIC_KIND_HISTOGRAM,
        "ns",
        "http.server.request.duration",
        "Duration of HTTP server requests.",
    };
    struct pel_labels labels;
    char code[8];

    sink->family(sink, &info);
    for (size_t i = 0; i < ss->n; i++) {
        const struct pel_stream *s = &ss->items[i];
        struct pel_histogram h = {
            .bounds = pel_duration_bounds_ns,
            .counts = s->buckets,
            .n_bounds = PEL_DURATION_BUCKETS - 1,
            .sum = s->sum_ns,
            .exemplars = s->is_overflow ? NULL : pel_exemplars_find(exemplars, s->key),
            .exponential = ss->with_durations ? &s->durations : NULL,
        };

        make_labels(&labels, s, code);
        sink->histogram(sink, &labels, &h);
    }
}

static const struct {
    struct pel_metric_info info;
    size_t offset; /* of a struct pel_stream_sizes in struct pel_stream */
} sizes[] = {
    {{PEL_METRIC_KIND_HISTOGRAM, "By", "http.server.request.body.size",
      "Size of HTTP server request bodies."},
     offsetof(struct pel_stream, request)},
    {{PEL_METRIC_KIND_HISTOGRAM, "By", "http.server.response.body.size",
      "Size of HTTP server response bodies."},
     offsetof(struct pel_stream, response)},
};

static void collect_sizes(struct pel_sink *sink, const struct pel_streams *ss, size_t which)
{
    struct pel_labels labels;
    char code[8];

    sink->family(sink, &sizes[which].info);
    for (size_t i = 0; i < ss->n; i++) {
        const void *at = (const char *)&ss->items[i] + sizes[which].offset;
        const struct pel_stream_sizes *s = at;
        struct pel_histogram h = {.bounds = pel_size_bounds,
                                  .counts = s->buckets,
                                  .n_bounds = PEL_SIZE_BUCKETS - 1,
                                  .sum = s->sum};

        make_labels(&labels, &ss->items[i], code);
        sink->histogram(sink, &labels, &h);
    }
}

static void collect_phases(struct pel_sink *sink, const struct pel_streams *ss)
{
    static const struct pel_metric_info info = {
        PEL_METRIC_KIND_COUNTER,
        "ns",
        "pellucid.request.phase.time",
        "Time that requests spent in each of their phases.",
    };
    struct pel_labels labels;
    char code[8];

    sink->family(sink, &info);
    for (size_t i = 0; i < ss->n; i++) {
        make_labels(&labels, &ss->items[i], code);
        pel_labels_cstr(&labels, "pellucid.phase", "");
        for (size_t phase = 0; phase < PEL_REQUEST_PHASE_N; phase++) {
            labels.items[labels.n - 1].text =
                pel_str(pel_request_phase_texts[phase], strlen(pel_request_phase_texts[phase]));
            sink->point(sink, &labels, ss->items[i].phases_ns[phase]);
        }
    }
}

/* Counters of time that is part of phases. */
static const struct {
    struct pel_metric_info info;
    size_t offset; /* of the nanoseconds in struct pel_stream */
} times[] = {
    {{PEL_METRIC_KIND_COUNTER, "ns", "pellucid.request.cpu.time",
      "CPU time of the app on the threads of its requests."},
     offsetof(struct pel_stream, cpu_ns)},
    {{PEL_METRIC_KIND_COUNTER, "ns", "pellucid.request.gil.wait.time",
      "Time that application threads with a request waited for the GIL."},
     offsetof(struct pel_stream, gil_wait_ns)},
};

static void collect_times(struct pel_sink *sink, const struct pel_streams *ss, size_t which)
{
    struct pel_labels labels;
    char code[8];

    sink->family(sink, &times[which].info);
    for (size_t i = 0; i < ss->n; i++) {
        const void *at = (const char *)&ss->items[i] + times[which].offset;

        make_labels(&labels, &ss->items[i], code);
        sink->point(sink, &labels, *(const uint64_t *)at);
    }
}

/* False: no worker has had such a request so far. */
static bool count_active(const struct pel_shm *shm, size_t which, uint64_t *n)
{
    bool has_begun = false;

    *n = 0;
    for (unsigned i = 0; i < shm->n_slots; i++) {
        const struct pel_shm_slot *slot = pel_shm_slot(shm, i);

        if (!pel_shm_slot_is_used(slot))
            continue;
        has_begun |= atomic_load_explicit(&slot->active[which].begun, memory_order_relaxed) != 0;
        *n += pel_active_count(&slot->active[which]);
    }
    return has_begun;
}

static void collect_active(struct pel_sink *sink, const struct pel_shm *shm)
{
    static const struct pel_metric_info info = {
        PEL_METRIC_KIND_UPDOWN,
        "{request}",
        "http.server.active_requests",
        "Requests in flight.",
    };

    sink->family(sink, &info);
    for (unsigned i = 0; i < PEL_ACTIVE_N; i++) {
        struct pel_str method = pel_method_text(i / 2);
        struct pel_labels ls = {.n = 0};
        uint64_t n;

        if (!method.len || !count_active(shm, i, &n))
            continue;
        pel_labels_text(&ls, "http.request.method", method);
        pel_labels_cstr(&ls, "url.scheme", i % 2 ? "https" : "http");
        sink->point(sink, &ls, n);
    }
}

void pel_http_metrics_collect(struct pel_sink *sink, const struct pel_shm *shm,
                              const struct pel_exemplars *exemplars)
{
    struct pel_streams ss;

    pel_streams_read(&ss, shm, sink->wants_exponential);
    collect_durations(sink, &ss, exemplars);
    for (size_t i = 0; i < PEL_ARRAY_LEN(sizes); i++)
        collect_sizes(sink, &ss, i);
    collect_phases(sink, &ss);
    for (size_t i = 0; i < PEL_ARRAY_LEN(times); i++)
        collect_times(sink, &ss, i);
    pel_streams_fini(&ss);
    collect_active(sink, shm); /* last: who is counted above is active no more */
}
