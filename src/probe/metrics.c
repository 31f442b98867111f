#include "pellucid/time.h"

#include "probes.h"

const struct pel_metric_info pel_metric_infos[PEL_METRIC_N] = {
#define PEL_METRIC(name, kind, unit, otel_name, text)                                              \
    {PEL_METRIC_KIND_##kind, unit, otel_name, text},
#include "pellucid/tbl/metrics.h"
#undef PEL_METRIC
};

#define MS PEL_NS_PER_MS
#define SEC PEL_NS_PER_SEC
const uint64_t pel_duration_bounds_ns[PEL_DURATION_BUCKETS - 1] = {
    5 * MS,   10 * MS,  25 * MS, 50 * MS,   75 * MS, 100 * MS,  250 * MS,
    500 * MS, 750 * MS, 1 * SEC, 2500 * MS, 5 * SEC, 7500 * MS, 10 * SEC,
};

#define OVERFLOW_INDEX (PEL_SHM_SERIES_N - 1)

static const char *const known_methods[] = {"GET",   "POST",    "HEAD",  "PUT",    "DELETE",
                                            "PATCH", "OPTIONS", "TRACE", "CONNECT"};

struct pel_str pel_method_bounded(struct pel_str method)
{
    for (size_t i = 0; i < PEL_ARRAY_LEN(known_methods); i++)
        if (strlen(known_methods[i]) == method.len &&
            memcmp(known_methods[i], method.p, method.len) == 0)
            return method;
    return PEL_STR("_OTHER");
}

/* The attributes of a stream, cut to what the table holds. */
struct series_key {
    struct pel_str method, route;
    uint16_t status;
    uint8_t version_minor, error, is_https;
};

static struct series_key make_key(const struct pel_record *rec)
{
    struct pel_str route = pel_record_route(rec);

    if (route.len > PEL_SHM_ROUTE_LEN)
        route.len = PEL_SHM_ROUTE_LEN;
    return (struct series_key){
        .method = pel_method_bounded(rec->method),
        .route = route,
        .status = rec->status,
        .version_minor = rec->version_minor,
        .error = (uint8_t)rec->error,
        .is_https = rec->scheme.len == 5,
    };
}

static bool matches(const struct pel_shm_series *s, const struct series_key *k)
{
    return s->status == k->status && s->version_minor == k->version_minor && s->error == k->error &&
           s->is_https == k->is_https && s->route_len == k->route.len &&
           memcmp(s->method, k->method.p, k->method.len) == 0 && s->method[k->method.len] == '\0' &&
           (k->route.len == 0 || memcmp(s->route, k->route.p, k->route.len) == 0);
}

static uint32_t hash_bytes(uint32_t hash, struct pel_str s)
{
    for (size_t i = 0; i < s.len; i++)
        hash = (hash ^ (unsigned char)s.p[i]) * 16777619U;
    return hash;
}

static uint32_t hash_key(const struct series_key *k)
{
    uint32_t hash = 2166136261U ^ k->status;

    hash = (hash ^ (uint32_t)(k->version_minor | k->error << 8 | k->is_https << 16)) * 16777619U;
    hash = hash_bytes(hash_bytes(hash, k->method), k->route);
    return hash ^ hash >> 15;
}

static void claim(struct pel_shm_series *s, const struct series_key *k)
{
    s->status = k->status;
    s->version_minor = k->version_minor;
    s->error = k->error;
    s->is_https = k->is_https;
    s->route_len = (uint8_t)k->route.len;
    memcpy(s->method, k->method.p, k->method.len);
    s->method[k->method.len] = '\0';
    if (k->route.len)
        memcpy(s->route, k->route.p, k->route.len);
    atomic_store_explicit(&s->is_used, 1, memory_order_release);
}

static struct pel_shm_series *find(struct pel_shm_slot *slot, const struct series_key *key)
{
    uint32_t at = hash_key(key) % OVERFLOW_INDEX;

    for (uint32_t i = 0; i < OVERFLOW_INDEX; i++, at = (at + 1) % OVERFLOW_INDEX) {
        struct pel_shm_series *s = &slot->series[at];

        if (!atomic_load_explicit(&s->is_used, memory_order_relaxed)) {
            claim(s, key);
            return s;
        }
        if (matches(s, key))
            return s;
    }
    atomic_store_explicit(&slot->series[OVERFLOW_INDEX].is_used, 1, memory_order_release);
    return &slot->series[OVERFLOW_INDEX];
}

struct pel_shm_series *pel_series_find(struct pel_shm_slot *slot, const struct pel_record *rec)
{
    struct series_key key = make_key(rec);

    return find(slot, &key);
}

bool pel_series_is_overflow(const struct pel_shm_slot *slot, const struct pel_shm_series *series)
{
    return series == &slot->series[OVERFLOW_INDEX];
}

/* One writer at a time (the lock), so that a plain addition will do. */
static void bump(_Atomic uint64_t *counter, uint64_t n)
{
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);

    atomic_store_explicit(counter, value + n, memory_order_relaxed);
}

void pel_series_add(struct pel_shm_series *series, uint64_t duration_ns)
{
    size_t i = 0;

    while (i < PEL_DURATION_BUCKETS - 1 && duration_ns > pel_duration_bounds_ns[i])
        i++;
    bump(&series->buckets[i], 1);
    bump(&series->sum_ns, duration_ns);
    bump(&series->count, 1);
}

/* Errors that have a scalar of their own; the others are told by the histogram's error.type. */
static void count_error(struct pel_shm_slot *slot, const struct pel_record *rec)
{
    switch (rec->error) {
    case PEL_ERROR_APP_EXCEPTION:
        bump(&slot->metrics[PEL_METRIC_EXCEPTIONS], 1);
        break;
    case PEL_ERROR_CLIENT_GONE:
        bump(&slot->metrics[PEL_METRIC_DISCONNECTS], 1);
        break;
    case PEL_ERROR_HEADER_TIMEOUT:
    case PEL_ERROR_BODY_TIMEOUT:
    case PEL_ERROR_WRITE_TIMEOUT:
        bump(&slot->metrics[PEL_METRIC_TIMEOUTS], 1);
        break;
    default:
        break;
    }
    if (rec->stamp_ns[PEL_STAMP_APP_START] == 0 && rec->error != PEL_ERROR_CLIENT_GONE &&
        rec->error != PEL_ERROR_STOPPED && rec->error != PEL_ERROR_KILLED)
        bump(&slot->metrics[PEL_METRIC_REQUESTS_BAD], 1);
}

void pel_metrics_count(struct pel_shm_slot *slot, const struct pel_record *rec)
{
    uint64_t start = rec->stamp_ns[PEL_STAMP_APP_START], end = rec->stamp_ns[PEL_STAMP_APP_END];

    bump(&slot->metrics[PEL_METRIC_REQUESTS], 1);
    bump(&slot->metrics[PEL_METRIC_QUEUE_TIME], rec->queue_ns);
    bump(&slot->metrics[PEL_METRIC_APP_TIME], start && end > start ? end - start : 0);
    bump(&slot->metrics[PEL_METRIC_BYTES_IN], rec->bytes_in);
    bump(&slot->metrics[PEL_METRIC_BYTES_OUT], rec->bytes_out);
    bump(&slot->worker_requests, 1);
    if (PEL_UNLIKELY(rec->error != PEL_ERROR_NONE))
        count_error(slot, rec);
}

void pel_metrics_reset_gauges(struct pel_shm_slot *slot)
{
    for (size_t i = 0; i < PEL_METRIC_N; i++)
        if (pel_metric_infos[i].kind != PEL_METRIC_KIND_COUNTER)
            atomic_store_explicit(&slot->metrics[i], 0, memory_order_relaxed);
}

static int start(struct pel_probes *ps, struct pel_err *err)
{
    pel_metrics_reset_gauges(ps->slot);
    atomic_store_explicit(&ps->slot->worker_requests, 0, memory_order_relaxed);
    return 0;
}

static void finish(struct pel_probes *ps, struct pel_record *rec)
{
    struct pel_shm_series *series = ps->last_series;
    struct series_key key = make_key(rec);

    pel_metrics_count(ps->slot, rec);
    if (!series || !matches(series, &key)) {
        series = find(ps->slot, &key);
        ps->last_series = pel_series_is_overflow(ps->slot, series) ? NULL : series;
    }
    if (PEL_UNLIKELY(!ps->last_series))
        bump(&ps->slot->metrics[PEL_METRIC_SERIES_OVERFLOW], 1);
    pel_series_add(series, pel_record_duration_ns(rec));
}

const struct pel_probe pel_probe_metrics = {.name = "metrics", .start = start, .finish = finish};
