/* span - typical span entries for the tests of src/observer, made as a worker makes them. */
#ifndef PELLUCID_TESTS_OBSERVER_SPAN_H
#define PELLUCID_TESTS_OBSERVER_SPAN_H

#include "../probe/fixture.h"

static const struct pel_span_worker fixture_worker = {
    .pid = 77,
    .instance_id = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0x4d, 0xef, 0x80, 1, 2, 3, 4, 5, 6, 7},
    .n_requests = 9,
};

/* The entry of rec; the memory is the fixture's, until the next call. */
static inline const struct pel_span_entry *span_of(const struct pel_record *rec, uint32_t flags)
{
    struct pel_shm shm = fixture_shm(1);
    const struct pel_span_entry *e;

    assert_true(pel_span_write(&pel_shm_slot(&shm, 0)->ring, rec, &fixture_worker, flags));
    e = fixture_span(&shm, 0);
    pel_shm_close(&shm);
    return e;
}

#endif
