/*
 * series - the HTTP metrics of one worker, stream by stream, in shared memory.
 *
 * A stream is what requests have in common: method, route, status, error, scheme, version. Writers
 * are the slot's worker (the metrics probe, under its lock) and, when that has died, the supervisor
 * (pel_probes_bury): one at a time, no locks, plain additions. The observer reads at any time and
 * adds the tables of all slots up. Streams are taken into use one after the other and stay.
 *
 * Memory of the table is only taken by what is in use: a stream has some 800 bytes and 256 for each
 * power of two of seconds in which it has had a duration, usually three to six.
 */
#ifndef PELLUCID_SERIES_H
#define PELLUCID_SERIES_H

#include <stdatomic.h>

#include "pellucid/method.h"
#include "pellucid/record.h"

#define PEL_SHM_ROUTE_LEN 120
#define PEL_SHM_SERIES_N 1024 /* of a worker; the last one collects the overflow */

/* Bounds of http.server.request.duration (HTTP semantic conventions), and one bucket beyond. */
#define PEL_DURATION_BUCKETS 15
extern const uint64_t pel_duration_bounds_ns[PEL_DURATION_BUCKETS - 1];

/*
 * Bounds of body sizes, for which the conventions name none: 0, which most requests have, then
 * 1 KiB times powers of four up to 16 MiB. Bodies differ by factors of a thousand, so that factors
 * of four tell what a network or a parser feels, in few enough buckets to have them for each route.
 */
#define PEL_SIZE_BUCKETS 10
extern const uint64_t pel_size_bounds[PEL_SIZE_BUCKETS - 1];

/*
 * The exponential histogram of durations is OpenTelemetry's base-2 one at scale 5: 32 buckets for
 * each power of two ("octave"), so that a quantile told from it is at most 1.1 % off (scale 4 would
 * be 2.2 %). From 2^-18 s (3.8 us) to 2^10 s (17 min): what is shorter is counted apart, what is
 * longer in the last bucket.
 */
#define PEL_EXP_SCALE 5
#define PEL_EXP_WIDTH (1 << PEL_EXP_SCALE) /* buckets of an octave */
#define PEL_EXP_FIRST (-18)                /* the power of two at which the first octave begins */
#define PEL_EXP_OCTAVES 28

struct pel_shm_sizes {
    _Atomic uint64_t sum;
    _Atomic uint64_t buckets[PEL_SIZE_BUCKETS];
};

struct pel_shm_octave {
    _Atomic uint64_t buckets[PEL_EXP_WIDTH];
};

struct pel_shm_series {
    /* what the stream is; does not change once it is in use */
    uint32_t hash; /* of the rest; the same in all workers */
    uint16_t status;
    uint8_t version_minor;
    uint8_t error; /* enum pel_error */
    uint8_t is_https;
    uint8_t route_len;               /* 0 = no http.route */
    char method[PEL_SHM_METHOD_LEN]; /* NUL-padded; "_OTHER" for unknown ones */
    char route[PEL_SHM_ROUTE_LEN];

    _Atomic uint64_t sum_ns;
    _Atomic uint64_t buckets[PEL_DURATION_BUCKETS];
    struct pel_shm_sizes request, response; /* bodies */
    _Atomic uint64_t phases_ns[PEL_REQUEST_PHASE_N];
    _Atomic uint64_t cpu_ns;                   /* of the app: cputime.h */
    _Atomic uint64_t gil_wait_ns;              /* struct pel_spent */
    _Atomic uint64_t n_short;                  /* durations below the first octave */
    _Atomic uint16_t octaves[PEL_EXP_OCTAVES]; /* which of the table's + 1; 0 = none yet */
};

#define PEL_SHM_OCTAVES_N (PEL_SHM_SERIES_N * PEL_EXP_OCTAVES)
_Static_assert(PEL_SHM_OCTAVES_N < UINT16_MAX, "octaves are told by 16 bits");

struct pel_shm_series_table {
    _Atomic uint32_t n;                   /* items in use but for the last one; release */
    uint32_t n_octaves;                   /* in use; the writer's */
    uint16_t index[2 * PEL_SHM_SERIES_N]; /* the writer's: hash to item + 1 */
    struct pel_shm_series items[PEL_SHM_SERIES_N];
    struct pel_shm_octave octaves[PEL_SHM_OCTAVES_N];
};

/* One writer at a time, so that a plain addition will do. */
static inline void pel_counter_add(_Atomic uint64_t *counter, uint64_t n)
{
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);

    atomic_store_explicit(counter, value + n, memory_order_relaxed);
}

/* The same, for a counter that is the last of several: who reads it (pel_shm_sum), and then the
 * others, finds in them all that it tells. */
static inline void pel_counter_publish(_Atomic uint64_t *counter, uint64_t n)
{
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);

    atomic_store_explicit(counter, value + n, memory_order_release);
}

/* What a stream is, as the table has it: a longer route is cut. The slices are the caller's. */
struct pel_series_key {
    struct pel_str method, route; /* bounded; empty = no http.route */
    uint16_t status;
    uint8_t version_minor, error, is_https;
};

/* Equal for equal keys, and what a stream of that key has as its hash. */
uint32_t pel_series_key_hash(const struct pel_series_key *key);

/*
 * Writer. The stream a finished request belongs to: found, or taken into use when it is new. When
 * the table is full: the overflow, which is exported with nothing but otel.metric.overflow = true.
 * hint may be the stream of an earlier request, likely the same, or NULL.
 */
struct pel_shm_series *pel_series_find(struct pel_shm_series_table *t, const struct pel_record *rec,
                                       struct pel_shm_series *hint);
/* Writer: adds a request to its stream. */
void pel_series_add(struct pel_shm_series_table *t, struct pel_shm_series *s,
                    const struct pel_record *rec);

static inline bool pel_series_is_overflow(const struct pel_shm_series_table *t,
                                          const struct pel_shm_series *s)
{
    return s == &t->items[PEL_SHM_SERIES_N - 1];
}

/* Reader: the octave of a stream, NULL while it has counted nothing. */
const struct pel_shm_octave *pel_series_octave(const struct pel_shm_series_table *t,
                                               const struct pel_shm_series *s, size_t octave);

/* Readers: its method and route ("" = no http.route), in the table. */
static inline struct pel_str pel_series_method(const struct pel_shm_series *s)
{
    return pel_str(s->method, strnlen(s->method, sizeof(s->method)));
}

static inline struct pel_str pel_series_route(const struct pel_shm_series *s)
{
    return pel_str(s->route, s->route_len < sizeof(s->route) ? s->route_len : sizeof(s->route));
}

static inline struct pel_series_key pel_series_key(const struct pel_shm_series *s)
{
    return (struct pel_series_key){
        pel_series_method(s), pel_series_route(s), s->status, s->version_minor, s->error,
        s->is_https};
}

/* Reader: are these the same stream, of whichever workers? */
bool pel_series_equal(const struct pel_shm_series *a, const struct pel_shm_series *b);

/* The bucket of a duration in the exponential histogram, counted through all octaves; -1: shorter
 * than the first one. */
int pel_exp_bucket(uint64_t duration_ns);

/* The bucket of a duration among those of the conventions. */
size_t pel_duration_bucket(uint64_t duration_ns);

/* The bucket of a body size. */
size_t pel_size_bucket(uint64_t bytes);

#endif
