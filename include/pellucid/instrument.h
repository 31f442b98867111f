/*
 * instrument - the counters and histograms of the app's own (`pellucid.counter`), in shared memory.
 *
 * Each slot has a table: instruments, and their points, one for each set of attributes. The slot's
 * worker writes it with the GIL held, which makes one writer; nothing is ever taken out, and the
 * next worker of the slot goes on where the last one ended, so sums over the slots never go back.
 * Instruments of the same name and kind in different slots are one to readers. Relaxed atomics; a
 * reader believes what is_used (release) says is there.
 */
#ifndef PELLUCID_INSTRUMENT_H
#define PELLUCID_INSTRUMENT_H

#include <stdatomic.h>

#include "pellucid/attribute.h"

struct pel_probes;

#define PEL_INSTRUMENT_N 64
#define PEL_INSTRUMENT_NAME_LEN 64 /* texts with their NUL */
#define PEL_INSTRUMENT_UNIT_LEN 64
#define PEL_INSTRUMENT_TEXT_LEN 192
#define PEL_INSTRUMENT_BOUNDS_MAX 15
#define PEL_POINT_N 1024
#define PEL_POINT_ATTRIBUTES_MAX 8
#define PEL_POINT_PACKED_MAX 244

enum pel_instrument_kind {
    PEL_INSTRUMENT_COUNTER = 0,
    PEL_INSTRUMENT_HISTOGRAM,
};

/* What the app says of it. */
struct pel_instrument {
    uint8_t kind;     /* enum pel_instrument_kind */
    uint8_t n_bounds; /* of a histogram: buckets but the last, which has none */
    char name[PEL_INSTRUMENT_NAME_LEN];
    char unit[PEL_INSTRUMENT_UNIT_LEN]; /* UCUM */
    char text[PEL_INSTRUMENT_TEXT_LEN];
    double bounds[PEL_INSTRUMENT_BOUNDS_MAX]; /* upper, inclusive, ascending */
};

struct pel_shm_instrument {
    _Atomic uint32_t is_used; /* set last, with release */
    struct pel_instrument is;
};

/* What was measured with one set of attributes. */
struct pel_shm_point {
    _Atomic uint32_t is_used; /* set last, with release */
    uint16_t instrument;      /* index */
    uint16_t packed_len;
    char packed[PEL_POINT_PACKED_MAX]; /* attributes by their keys: attribute.h */
    _Atomic uint64_t sum;              /* the bits of a double */
    _Atomic uint64_t buckets[PEL_INSTRUMENT_BOUNDS_MAX + 1];
};

/* The first PEL_INSTRUMENT_N points are the overflow of the instruments. */
struct pel_shm_instruments {
    struct pel_shm_instrument instruments[PEL_INSTRUMENT_N];
    struct pel_shm_point points[PEL_POINT_N];
};

/* The table of this worker. */
struct pel_shm_instruments *pel_instruments_of(struct pel_probes *ps);

/* The index of an instrument with that name, kind and bounds: found, or taken into use. -1 when
 * there is room for no more. */
int pel_instrument_find(struct pel_shm_instruments *t, const struct pel_instrument *what);

/*
 * The point of a set of attributes, packed in the order of their keys: found, or taken into use.
 * The instrument's overflow when no room is found soon, which begins with some 900 sets, and for a
 * set of more than PEL_POINT_PACKED_MAX bytes.
 */
struct pel_shm_point *pel_point_find(struct pel_shm_instruments *t, int instrument,
                                     struct pel_str packed);
struct pel_shm_point *pel_point_overflow(struct pel_shm_instruments *t, int instrument);
bool pel_point_is_overflow(const struct pel_shm_instruments *t, const struct pel_shm_point *point);

/* value: finite, not below zero. */
void pel_point_add(struct pel_shm_point *point, const struct pel_instrument *what, double value);

static inline double pel_point_sum(const struct pel_shm_point *point)
{
    uint64_t bits = atomic_load_explicit(&point->sum, memory_order_relaxed);
    double sum;

    memcpy(&sum, &bits, sizeof(sum));
    return sum;
}

#endif
