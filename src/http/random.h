/*
 * random - a fast generator for ids. Each thread has its own, seeded by the kernel, and seeded
 * anew in a forked child. Not for secrets.
 */
#ifndef PELLUCID_HTTP_RANDOM_H
#define PELLUCID_HTTP_RANDOM_H

#include <stdint.h>

uint64_t pel_random_next(void);

#endif
