/*
 * time - the two clocks. Every stamp in the server is CLOCK_MONOTONIC nanoseconds; wall time is
 * only made from one where a person or a collector reads it.
 */
#ifndef PELLUCID_TIME_H
#define PELLUCID_TIME_H

#include <time.h>

#include "pellucid/base.h"

#define PEL_NS_PER_US 1000ULL
#define PEL_NS_PER_MS 1000000ULL
#define PEL_NS_PER_SEC 1000000000ULL

static inline uint64_t pel_clock_ns(clockid_t clock)
{
    struct timespec ts;

    clock_gettime(clock, &ts);
    return (uint64_t)ts.tv_sec * PEL_NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

static inline uint64_t pel_now_ns(void)
{
    return pel_clock_ns(CLOCK_MONOTONIC);
}

static inline uint64_t pel_wall_ns(void)
{
    return pel_clock_ns(CLOCK_REALTIME);
}

#endif
