/* check - cmocka with what it needs before it, and the checks it lacks. */
#ifndef PELLUCID_TESTS_CHECK_H
#define PELLUCID_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pellucid/base.h"

/* s (struct pel_str) holds the bytes of literal. */
#define assert_str(s, literal)                                                                     \
    do {                                                                                           \
        struct pel_str assert_s_ = (s);                                                            \
        assert_int_equal(assert_s_.len, strlen(literal));                                          \
        assert_memory_equal(assert_s_.p, literal, assert_s_.len);                                  \
    } while (0)

/* value is from low to high. (The name of cmocka's own differs from one release to the next.) */
#define assert_between(value, low, high)                                                           \
    do {                                                                                           \
        uint64_t assert_n_ = (value);                                                              \
        assert_true(assert_n_ >= (uint64_t)(low) && assert_n_ <= (uint64_t)(high));                \
    } while (0)

#endif
