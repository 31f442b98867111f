#include <stdio.h>

#include "operations.h"

#define LOAD(field) atomic_load_explicit(&(field), memory_order_relaxed)

/* Names of otel.component.type, but for the last, which is a reader. */
static const char *const components[PEL_OPERATION_N] = {
    "",
    "otlp_http_span_exporter",
    "otlp_http_log_exporter",
    "otlp_http_metric_exporter",
    "periodic_metric_reader",
};

/* What identifies an entry; all that found the table full has key OVERFLOW. */
#define OVERFLOW UINT32_MAX

static uint32_t key_of(enum pel_operation what, long status)
{
    return (uint32_t)what << 16 | (uint32_t)(status & 0xffff);
}

static enum pel_operation what_of(uint32_t key)
{
    return key >> 16 < PEL_OPERATION_N ? (enum pel_operation)(key >> 16) : PEL_OPERATION_NONE;
}

static struct pel_shm_operation *find(struct pel_shm_header *header, uint32_t key)
{
    struct pel_shm_operation *o = header->operations;

    for (size_t i = 0; i < PEL_SHM_OPERATIONS_N - 1; i++, o++) {
        uint32_t its = LOAD(o->key);

        if (its != 0 && its != key)
            continue;
        atomic_store_explicit(&o->key, key, memory_order_relaxed);
        return o;
    }
    atomic_store_explicit(&o->key, OVERFLOW, memory_order_relaxed);
    return o;
}

void pel_operation_add(struct pel_shm_header *header, enum pel_operation what, long status,
                       uint64_t took_ns)
{
    struct pel_shm_operation *o = find(header, key_of(what, status));
    size_t i = 0;

    while (i < PEL_DURATION_BUCKETS - 1 && took_ns > pel_duration_bounds_ns[i])
        i++;
    atomic_fetch_add_explicit(&o->buckets[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&o->sum_ns, took_ns, memory_order_relaxed);
}

/* --- metrics --- */

/* The conventions: no error.type for what went well. */
static void add_labels(struct pel_labels *ls, uint32_t key, char error[16])
{
    long status = key & 0xffff;

    if (key == OVERFLOW) {
        pel_labels_overflow(ls);
        return;
    }
    pel_labels_cstr(ls, "otel.component.type", components[what_of(key)]);
    if (what_of(key) == PEL_OPERATION_COLLECTION)
        return;
    if (status)
        pel_labels_number(ls, "http.response.status_code", status);
    if (status >= 200 && status < 300)
        return;
    snprintf(error, 16, status ? "%ld" : "no_answer", status);
    pel_labels_cstr(ls, "error.type", error);
}

static void collect_one(struct pel_sink *sink, const struct pel_shm_operation *o)
{
    uint64_t counts[PEL_DURATION_BUCKETS];
    struct pel_histogram h = {
        .bounds = pel_duration_bounds_ns, .counts = counts, .n_bounds = PEL_DURATION_BUCKETS - 1};
    struct pel_labels ls = {.n = 0};
    char error[16];

    for (size_t i = 0; i < PEL_DURATION_BUCKETS; i++)
        counts[i] = LOAD(o->buckets[i]);
    h.sum = LOAD(o->sum_ns);
    add_labels(&ls, LOAD(o->key), error);
    sink->histogram(sink, &ls, &h);
}

static void collect_family(struct pel_sink *sink, const struct pel_shm_header *header,
                           const struct pel_metric_info *info, bool is_collection)
{
    bool is_begun = false;

    for (size_t i = 0; i < PEL_SHM_OPERATIONS_N; i++) {
        const struct pel_shm_operation *o = &header->operations[i];
        uint32_t key = LOAD(o->key);

        if (key == 0 || (what_of(key) == PEL_OPERATION_COLLECTION) != is_collection)
            continue;
        if (!is_begun)
            sink->family(sink, info);
        is_begun = true;
        collect_one(sink, o);
    }
}

void pel_operations_collect(struct pel_sink *sink, const struct pel_shm_header *header)
{
    static const struct pel_metric_info exports = {PEL_METRIC_KIND_HISTOGRAM, "ns",
                                                   "otel.sdk.exporter.operation.duration",
                                                   "Exports, from the first try to the last."};
    static const struct pel_metric_info collections = {PEL_METRIC_KIND_HISTOGRAM, "ns",
                                                       "otel.sdk.metric_reader.collection.duration",
                                                       "Collecting metrics for an export."};

    collect_family(sink, header, &exports, false);
    collect_family(sink, header, &collections, true);
}

/* --- the status page --- */

void pel_operations_show(struct pel_json *j, const struct pel_shm_header *header)
{
    pel_json_open(j, "operations", '[');
    for (size_t i = 0; i < PEL_SHM_OPERATIONS_N; i++) {
        const struct pel_shm_operation *o = &header->operations[i];
        uint32_t key = LOAD(o->key);
        uint64_t n = 0;

        for (size_t b = 0; b < PEL_DURATION_BUCKETS; b++)
            n += LOAD(o->buckets[b]);
        if (key == 0 || n == 0)
            continue;
        pel_json_open(j, NULL, '{');
        pel_json_cstr(j, "component", components[what_of(key)]);
        if (what_of(key) != PEL_OPERATION_COLLECTION)
            pel_json_uint(j, "status", key & 0xffff);
        pel_json_uint(j, "count", n);
        pel_json_seconds(j, "mean_seconds", LOAD(o->sum_ns) / n);
        pel_json_close(j, '}');
    }
    pel_json_close(j, ']');
}
