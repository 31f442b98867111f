#include <math.h>

#include "pellucid/hash.h"
#include "pellucid/series.h"
#include "pellucid/time.h"

#define OVERFLOW_INDEX (PEL_SHM_SERIES_N - 1)
#define INDEX_N (2 * PEL_SHM_SERIES_N)

#define MS PEL_NS_PER_MS
#define SEC PEL_NS_PER_SEC
const uint64_t pel_duration_bounds_ns[PEL_DURATION_BUCKETS - 1] = {
    5 * MS,   10 * MS,  25 * MS, 50 * MS,   75 * MS, 100 * MS,  250 * MS,
    500 * MS, 750 * MS, 1 * SEC, 2500 * MS, 5 * SEC, 7500 * MS, 10 * SEC,
};

#define SMALLEST_BITS 10 /* of the smallest bound but 0 */
#define SIZE(i) (1ULL << (SMALLEST_BITS + 2 * (i)))
const uint64_t pel_size_bounds[PEL_SIZE_BUCKETS - 1] = {
    0, SIZE(0), SIZE(1), SIZE(2), SIZE(3), SIZE(4), SIZE(5), SIZE(6), SIZE(7),
};

/* --- which stream --- */

static struct pel_series_key make_key(const struct pel_record *rec)
{
    struct pel_str route = pel_record_route(rec);

    if (route.len > PEL_SHM_ROUTE_LEN)
        route.len = PEL_SHM_ROUTE_LEN;
    return (struct pel_series_key){
        .method = pel_method_bounded(rec->method),
        .route = route,
        .status = rec->status,
        .version_minor = rec->version_minor,
        .error = (uint8_t)rec->error,
        .is_https = pel_record_is_https(rec),
    };
}

static bool matches(const struct pel_shm_series *s, const struct pel_series_key *k)
{
    return s->status == k->status && s->version_minor == k->version_minor && s->error == k->error &&
           s->is_https == k->is_https && s->route_len == k->route.len &&
           memcmp(s->method, k->method.p, k->method.len) == 0 && s->method[k->method.len] == '\0' &&
           (k->route.len == 0 || memcmp(s->route, k->route.p, k->route.len) == 0);
}

uint32_t pel_series_key_hash(const struct pel_series_key *k)
{
    const uint8_t numbers[] = {(uint8_t)k->status, (uint8_t)(k->status >> 8), k->version_minor,
                               k->error, k->is_https};
    uint32_t hash = pel_hash_add(PEL_HASH_BEGIN, pel_str((const char *)numbers, sizeof(numbers)));

    return pel_hash_add(pel_hash_add(hash, k->method), k->route);
}

/* A writer that dies in here leaves at worst a stream that no one finds: another one of the same
 * attributes takes its place, and readers add the two up. */
static struct pel_shm_series *claim(struct pel_shm_series_table *t, const struct pel_series_key *k,
                                    uint32_t hash, uint32_t at)
{
    uint32_t n = atomic_load_explicit(&t->n, memory_order_relaxed);
    struct pel_shm_series *s;

    if (n >= OVERFLOW_INDEX)
        return &t->items[OVERFLOW_INDEX];
    s = &t->items[n];
    /* A writer that died here has left the beginning of another one. */
    memset(s->method, 0, sizeof(s->method));
    memset(s->route, 0, sizeof(s->route));
    s->hash = hash;
    s->status = k->status;
    s->version_minor = k->version_minor;
    s->error = k->error;
    s->is_https = k->is_https;
    s->route_len = (uint8_t)k->route.len;
    memcpy(s->method, k->method.p, k->method.len);
    if (k->route.len)
        memcpy(s->route, k->route.p, k->route.len);
    atomic_store_explicit(&t->n, n + 1, memory_order_release);
    t->index[at] = (uint16_t)(n + 1);
    return s;
}

struct pel_shm_series *pel_series_find(struct pel_shm_series_table *t, const struct pel_record *rec,
                                       struct pel_shm_series *hint)
{
    struct pel_series_key key = make_key(rec);
    uint32_t hash, at;

    if (PEL_LIKELY(hint && matches(hint, &key)))
        return hint;
    hash = pel_series_key_hash(&key);
    at = hash % INDEX_N;
    /* The index is never more than half full; but what a worker has left may be anything. */
    for (uint32_t i = 0; i < INDEX_N; i++, at = (at + 1) % INDEX_N) {
        unsigned which = t->index[at];
        struct pel_shm_series *s;

        if (which == 0)
            return claim(t, &key, hash, at);
        s = which <= OVERFLOW_INDEX ? &t->items[which - 1] : NULL;
        if (s && s->hash == hash && matches(s, &key))
            return s;
    }
    return &t->items[OVERFLOW_INDEX];
}

bool pel_series_equal(const struct pel_shm_series *a, const struct pel_shm_series *b)
{
    return a->hash == b->hash && a->status == b->status && a->version_minor == b->version_minor &&
           a->error == b->error && a->is_https == b->is_https && a->route_len == b->route_len &&
           memcmp(a->method, b->method, sizeof(a->method)) == 0 &&
           memcmp(a->route, b->route, sizeof(a->route)) == 0;
}

/* --- what is counted --- */

/* OpenTelemetry: a bucket holds its upper bound, not its lower one. */
int pel_exp_bucket(uint64_t duration_ns)
{
    const int n = PEL_EXP_OCTAVES * PEL_EXP_WIDTH;
    const double end = (double)(PEL_EXP_FIRST + PEL_EXP_OCTAVES);
    double below_end;

    if (duration_ns == 0)
        return -1;
    below_end = (end - log2((double)duration_ns / PEL_NS_PER_SEC)) * PEL_EXP_WIDTH;
    if (below_end < 0)
        return n - 1;
    return below_end < n ? n - 1 - (int)below_end : -1;
}

size_t pel_size_bucket(uint64_t bytes)
{
    size_t bits, bucket;

    if (bytes == 0)
        return 0;
    bits = (bytes - 1) >> SMALLEST_BITS ? 64 - (size_t)__builtin_clzll((bytes - 1) >> SMALLEST_BITS)
                                        : 0;
    bucket = 1 + (bits + 1) / 2;
    return bucket < PEL_SIZE_BUCKETS ? bucket : PEL_SIZE_BUCKETS - 1;
}

size_t pel_duration_bucket(uint64_t duration_ns)
{
    size_t i = 0;

    while (i < PEL_DURATION_BUCKETS - 1 && duration_ns > pel_duration_bounds_ns[i])
        i++;
    return i;
}

static void add_size(struct pel_shm_sizes *sizes, uint64_t bytes)
{
    pel_counter_add(&sizes->buckets[pel_size_bucket(bytes)], 1);
    if (bytes)
        pel_counter_add(&sizes->sum, bytes);
}

/* There is one for every octave of every stream, and the last one if the table is damaged. */
static unsigned claim_octave(struct pel_shm_series_table *t, _Atomic uint16_t *octave)
{
    unsigned which =
        t->n_octaves < PEL_SHM_OCTAVES_N ? ++t->n_octaves : (unsigned)PEL_SHM_OCTAVES_N;

    atomic_store_explicit(octave, (uint16_t)which, memory_order_release);
    return which;
}

static struct pel_shm_octave *octave_of(struct pel_shm_series_table *t, struct pel_shm_series *s,
                                        size_t octave)
{
    unsigned which = atomic_load_explicit(&s->octaves[octave], memory_order_relaxed);

    /* 0 is none yet; what is out of range, what a worker has left that went wrong. */
    if (PEL_UNLIKELY(which - 1 >= PEL_SHM_OCTAVES_N))
        which = claim_octave(t, &s->octaves[octave]);
    return &t->octaves[which - 1];
}

static void add_exponential(struct pel_shm_series_table *t, struct pel_shm_series *s, uint64_t ns)
{
    int bucket = pel_exp_bucket(ns);
    struct pel_shm_octave *octave;

    if (bucket < 0) {
        pel_counter_add(&s->n_short, 1);
        return;
    }
    octave = octave_of(t, s, (unsigned)bucket / PEL_EXP_WIDTH);
    pel_counter_add(&octave->buckets[(unsigned)bucket % PEL_EXP_WIDTH], 1);
}

void pel_series_add(struct pel_shm_series_table *t, struct pel_shm_series *s,
                    const struct pel_record *rec)
{
    uint64_t duration_ns = pel_record_duration_ns(rec);

    pel_counter_add(&s->buckets[pel_duration_bucket(duration_ns)], 1);
    pel_counter_add(&s->sum_ns, duration_ns);
    add_exponential(t, s, duration_ns);
    add_size(&s->request, rec->body_in);
    add_size(&s->response, rec->body_out);
    for (size_t i = 0; i < PEL_REQUEST_PHASE_N; i++)
        pel_counter_add(&s->phases_ns[i], rec->phase_ns[i]);
    pel_counter_add(&s->cpu_ns, rec->spent.cpu_ns);
    if (PEL_UNLIKELY(rec->spent.gil_wait_ns))
        pel_counter_add(&s->gil_wait_ns, rec->spent.gil_wait_ns);
}

const struct pel_shm_octave *pel_series_octave(const struct pel_shm_series_table *t,
                                               const struct pel_shm_series *s, size_t octave)
{
    unsigned which = atomic_load_explicit(&s->octaves[octave], memory_order_acquire);

    return which && which <= PEL_SHM_OCTAVES_N ? &t->octaves[which - 1] : NULL;
}
