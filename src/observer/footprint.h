/*
 * footprint - the memory that workers have to themselves: USS, and their share of what they share.
 *
 * What smaps_rollup says takes the kernel some 0.1 ms for each MiB of a worker. So it is asked only
 * after somebody wanted to know (a page, an export), not before PEL_FOOTPRINT_MS are over, and on a
 * thread of libuv's pool, which takes no more than 1 % of a CPU. Who asks gets what was found last:
 * the first answer has none. All calls are the observer's thread's.
 */
#ifndef PELLUCID_OBSERVER_FOOTPRINT_H
#define PELLUCID_OBSERVER_FOOTPRINT_H

#include <sys/types.h>
#include <uv.h>

#include "json.h"
#include "sink.h"

#define PEL_FOOTPRINT_MS 10000

/* Of one worker; pid 0: not known. */
struct pel_footprint_item {
    pid_t pid;
    uint64_t unique_bytes;       /* USS: given back when it ends; what is swapped out is in it */
    uint64_t proportional_bytes; /* PSS: shared pages count by how many share them */
};

struct pel_footprint {
    struct pel_shm *shm; /* borrowed, as is loop */
    uv_loop_t *loop;
    uv_work_t work;
    bool is_reading;
    uint64_t next_ns;                       /* not to be read before */
    struct pel_footprint_item *items, *job; /* owned, one a slot; job: of the pool while it reads */
    uint64_t cost_ns;                       /* of the reading, by the pool */
};

void pel_footprint_init(struct pel_footprint *f, uv_loop_t *loop, struct pel_shm *shm);
/* The loop has ended. */
void pel_footprint_fini(struct pel_footprint *f);

/* What was found last of the slot's present worker, or NULL. Reads anew, for those who ask later,
 * if it is time. */
const struct pel_footprint_item *pel_footprint_of(struct pel_footprint *f, unsigned slot);

/* Reads of any process, at once. False: it is not there, or not to be read. */
bool pel_footprint_read(struct pel_footprint_item *item, pid_t pid);

/* Hands the families to the sink, a series for each worker. */
void pel_footprint_collect(struct pel_sink *sink, struct pel_footprint *f);

/* Adds "memory_uss_bytes" and "memory_pss_bytes" of a worker, where they are known. */
void pel_footprint_show(struct pel_json *j, struct pel_footprint *f, unsigned slot);

#endif
