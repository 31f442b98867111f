#include "pellucid/instrument.h"

/* Points looked at before the overflow is taken: a full table must not cost each measurement a walk
 * through all of it, under the GIL. */
#define PROBES_MAX 64
#define POINTS_N (PEL_POINT_N - PEL_INSTRUMENT_N)
_Static_assert(POINTS_N == 2 * 2 * 2 * 2 * 2 * 2 * 3 * 5,
               "steps of 30 i + 1 share no factor with it, so that no point is met twice");

static bool is_same(const struct pel_instrument *a, const struct pel_instrument *b)
{
    return a->kind == b->kind && a->n_bounds == b->n_bounds && strcmp(a->name, b->name) == 0 &&
           memcmp(a->bounds, b->bounds, a->n_bounds * sizeof(a->bounds[0])) == 0;
}

int pel_instrument_find(struct pel_shm_instruments *t, const struct pel_instrument *what)
{
    for (int i = 0; i < PEL_INSTRUMENT_N; i++) {
        struct pel_shm_instrument *at = &t->instruments[i];

        if (!atomic_load_explicit(&at->is_used, memory_order_relaxed)) {
            at->is = *what;
            atomic_store_explicit(&at->is_used, 1, memory_order_release);
            return i;
        }
        if (is_same(&at->is, what))
            return i;
    }
    return -1;
}

/* --- points --- */

static void claim(struct pel_shm_point *point, int instrument, struct pel_str packed)
{
    point->instrument = (uint16_t)instrument;
    point->packed_len = (uint16_t)packed.len;
    if (packed.len)
        memcpy(point->packed, packed.p, packed.len);
    atomic_store_explicit(&point->is_used, 1, memory_order_release);
}

struct pel_shm_point *pel_point_overflow(struct pel_shm_instruments *t, int instrument)
{
    struct pel_shm_point *point = &t->points[instrument];

    if (!atomic_load_explicit(&point->is_used, memory_order_relaxed))
        claim(point, instrument, PEL_STR(""));
    return point;
}

bool pel_point_is_overflow(const struct pel_shm_instruments *t, const struct pel_shm_point *point)
{
    return point - t->points < PEL_INSTRUMENT_N;
}

static bool matches(const struct pel_shm_point *point, int instrument, struct pel_str packed)
{
    return point->instrument == instrument && point->packed_len == packed.len &&
           (packed.len == 0 || memcmp(point->packed, packed.p, packed.len) == 0);
}

/* Eight bytes at a time: packed attributes have a number in most of their words. */
static uint64_t hash(int instrument, struct pel_str packed)
{
    uint64_t h = (uint64_t)instrument + 1, word = 0;

    for (size_t i = 0; i < packed.len; i += sizeof(word)) {
        size_t left = packed.len - i;

        word = 0;
        memcpy(&word, packed.p + i, left < sizeof(word) ? left : sizeof(word));
        h = (h ^ word) * 0x9e3779b97f4a7c15U;
        h ^= h >> 29;
    }
    return h * 0x9e3779b97f4a7c15U >> 32;
}

struct pel_shm_point *pel_point_find(struct pel_shm_instruments *t, int instrument,
                                     struct pel_str packed)
{
    uint64_t h = hash(instrument, packed);
    size_t at = h % POINTS_N, step = 1 + 30 * (h / POINTS_N % 31);

    if (packed.len > PEL_POINT_PACKED_MAX)
        return pel_point_overflow(t, instrument);
    for (size_t i = 0; i < PROBES_MAX; i++, at = (at + step) % POINTS_N) {
        struct pel_shm_point *point = &t->points[PEL_INSTRUMENT_N + at];

        if (!atomic_load_explicit(&point->is_used, memory_order_relaxed)) {
            claim(point, instrument, packed);
            return point;
        }
        if (matches(point, instrument, packed))
            return point;
    }
    return pel_point_overflow(t, instrument);
}

void pel_point_add(struct pel_shm_point *point, const struct pel_instrument *what, double value)
{
    double sum = pel_point_sum(point) + value;
    uint64_t bits, count;
    size_t i = 0;

    memcpy(&bits, &sum, sizeof(bits));
    atomic_store_explicit(&point->sum, bits, memory_order_relaxed);
    while (i < what->n_bounds && value > what->bounds[i])
        i++;
    count = atomic_load_explicit(&point->buckets[i], memory_order_relaxed);
    atomic_store_explicit(&point->buckets[i], count + 1, memory_order_relaxed);
}
