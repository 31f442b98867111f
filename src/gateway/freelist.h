/*
 * freelist - small objects that are made and dropped all the time keep their memory.
 *
 * One list a type; any thread, with the GIL held. Under AddressSanitizer nothing is kept, so that
 * it sees every use after the end.
 */
#ifndef PELLUCID_GATEWAY_FREELIST_H
#define PELLUCID_GATEWAY_FREELIST_H

#include "pellucid/base.h"
#include "pellucid/py.h"

#if defined(__SANITIZE_ADDRESS__)
#define PEL_FREELIST_N 1
#define PEL_FREELIST_KEEPS false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PEL_FREELIST_N 1
#define PEL_FREELIST_KEEPS false
#endif
#endif
#ifndef PEL_FREELIST_N
#define PEL_FREELIST_N 256
#define PEL_FREELIST_KEEPS true
#endif

struct pel_freelist {
    PyObject *items[PEL_FREELIST_N]; /* unreachable memory of GC objects */
    size_t n;
};

/* An untracked object whose fields are not initialised. NULL with MemoryError. */
static inline PyObject *pel_freelist_new(struct pel_freelist *list, PyTypeObject *type)
{
    if (PEL_LIKELY(list->n > 0))
        return PyObject_Init(list->items[--list->n], type);
    return PyObject_GC_New(PyObject, type);
}

/* Takes the memory of an untracked object whose fields are cleared. */
static inline void pel_freelist_free(struct pel_freelist *list, PyObject *op)
{
    if (PEL_FREELIST_KEEPS && list->n < PEL_FREELIST_N)
        list->items[list->n++] = op;
    else
        PyObject_GC_Del(op);
}

static inline void pel_freelist_drop(struct pel_freelist *list)
{
    while (list->n)
        PyObject_GC_Del(list->items[--list->n]);
}

#endif
