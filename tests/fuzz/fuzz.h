/*
 * fuzz - the entry point of a fuzzer, as libFuzzer and replay.c call it.
 */
#ifndef PELLUCID_FUZZ_H
#define PELLUCID_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Takes any bytes; must neither crash nor keep anything for the next call. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#endif
