/*
 * attribute - what an app says about its spans, packed to travel in a ring entry.
 *
 * Written in a worker for the Python API, read by the observer. Packed pairs follow each other:
 * type (1 byte), length of the key (1), length of the value (2), key, value; numbers in the order
 * of the machine. Pure functions over memory; the reader believes nothing.
 */
#ifndef PELLUCID_ATTRIBUTE_H
#define PELLUCID_ATTRIBUTE_H

#include "pellucid/base.h"

/* Bounds of one span. */
#define PEL_ATTRIBUTE_N_MAX 32
#define PEL_ATTRIBUTE_KEY_MAX 128
#define PEL_ATTRIBUTE_TEXT_MAX 1024
#define PEL_ATTRIBUTE_PACKED_MAX 4096

enum pel_attribute_type {
    PEL_ATTRIBUTE_STR = 0,
    PEL_ATTRIBUTE_INT,
    PEL_ATTRIBUTE_FLOAT,
    PEL_ATTRIBUTE_BOOL,
};

struct pel_attribute {
    enum pel_attribute_type type;
    struct pel_str key;
    struct pel_str text; /* of a STR */
    int64_t integer;     /* of an INT; 0 or 1 of a BOOL */
    double real;         /* of a FLOAT */
};

/* Adds a to the len bytes packed in room, which has PEL_ATTRIBUTE_PACKED_MAX; in place of the pair
 * with the same key, if there is one. Returns the new length: as before when a bound is exceeded.
 * Key and text are cut to their bounds. */
size_t pel_attribute_put(char *room, size_t len, const struct pel_attribute *a);

/* Takes the first pair off packed; slices point into it. False at the end, or before nonsense. */
bool pel_attribute_next(struct pel_str *packed, struct pel_attribute *out);

#endif
