/*
 * exception - what apps raise, counted by type and place, with the last one of each kind.
 *
 * Writer: the worker of a slot, any thread. The counts live in the shared memory and go on from
 * worker to worker; the table is bounded, and what finds no entry of its own is counted in the
 * last one. Reader: the observer, at any time.
 */
#ifndef PELLUCID_EXCEPTION_H
#define PELLUCID_EXCEPTION_H

#include <stdatomic.h>

#include "pellucid/record.h"
#include "pellucid/series.h"

struct pel_probes;

#define PEL_SHM_EXCEPTIONS_N 64 /* of a worker; the last one collects the overflow */
#define PEL_SHM_NAME_LEN 192
#define PEL_SHM_MESSAGE_LEN 1024
#define PEL_SHM_STACK_LEN 7168

/* The last exception of its kind; texts are not terminated. */
struct pel_shm_exception_last {
    uint64_t at_wall_ns;
    uint8_t trace_id[16], span_id[8];
    uint16_t message_len, stack_len;
    uint8_t method_len, route_len;
    char method[PEL_SHM_METHOD_LEN];
    char route[PEL_SHM_ROUTE_LEN];
    char message[PEL_SHM_MESSAGE_LEN];
    char stack[PEL_SHM_STACK_LEN];
};

/* Exceptions of one type and place. */
struct pel_shm_exception {
    _Atomic uint64_t count;
    uint32_t line;
    uint8_t type_len, function_len, file_len; /* type_len 0: the entry of the overflow */
    char type[PEL_SHM_NAME_LEN], function[PEL_SHM_NAME_LEN], file[PEL_SHM_NAME_LEN];
    _Atomic uint32_t version; /* odd while last is being written */
    struct pel_shm_exception_last last;
};

struct pel_shm_exception_table {
    _Atomic uint32_t n; /* items in use; release */
    struct pel_shm_exception items[PEL_SHM_EXCEPTIONS_N];
};

/* UTF-8; the slices need not outlive the call that counts it. */
struct pel_exception {
    struct pel_str type; /* "ValueError", "shop.errors.OutOfStock"; never empty */
    struct pel_str message, stack;
    struct pel_str function; /* where it left the app's own code: "shop.views.load" */
    struct pel_str file;
    uint32_t line;
};

/* Names longer than the table has room for keep their end, behind "...". */
void pel_exception_count(struct pel_probes *ps, const struct pel_record *rec,
                         const struct pel_exception *exc);

static inline uint32_t pel_exceptions_used(const struct pel_shm_exception_table *table)
{
    uint32_t n = atomic_load_explicit(&table->n, memory_order_acquire);

    return n < PEL_SHM_EXCEPTIONS_N ? n : PEL_SHM_EXCEPTIONS_N;
}

/* Reader: a copy of the last one; false when it was being written all the time. */
bool pel_exception_last(const struct pel_shm_exception *e, struct pel_shm_exception_last *out);

#endif
