/* One producer, one consumer, two threads (also under TSan), and entries that cannot be trusted. */
#include "fixture.h"

#include <pthread.h>
#include <sched.h>

enum { N_ENTRIES = 200000 };

struct numbered {
    struct pel_ring_entry ring;
    uint64_t number;
    uint8_t fill[400];
};

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return *seed >> 33;
}

static void *produce(void *arg)
{
    struct pel_shm_ring *ring = arg;
    uint64_t seed = 1;

    for (uint64_t i = 0; i < N_ENTRIES;) {
        size_t len = offsetof(struct numbered, fill) + next_random(&seed) % 400;
        struct numbered *e =
            (struct numbered *)(void *)pel_ring_reserve(ring, len, PEL_RING_SPAN, i % 2 != 0);

        if (!e) {
            sched_yield();
            continue;
        }
        e->number = i;
        memset(e->fill, (int)(i & 0xff), e->ring.len - offsetof(struct numbered, fill));
        pel_ring_commit(ring, &e->ring);
        i++;
    }
    return NULL;
}

static void two_threads_pass_every_entry_whole(void **state)
{
    static _Alignas(8) char room[PEL_RING_ENTRY_MAX];
    struct numbered *e = (struct numbered *)(void *)room;
    struct pel_shm shm = fixture_shm(1);
    struct pel_shm_ring *ring = &pel_shm_slot(&shm, 0)->ring;
    pthread_t thread;

    pthread_create(&thread, NULL, produce, ring);
    for (uint64_t i = 0; i < N_ENTRIES;) {
        int got = pel_ring_read(ring, &e->ring);

        assert_true(got >= 0);
        if (!got) {
            sched_yield();
            continue;
        }
        assert_int_equal(e->number, i);
        for (size_t at = offsetof(struct numbered, fill); at < e->ring.len; at++)
            if ((uint8_t)room[at] != (i & 0xff))
                fail_msg("entry %llu is torn", (unsigned long long)i);
        i++;
    }
    pthread_join(thread, NULL);
    assert_int_equal(pel_ring_used(ring), 0);
    pel_shm_close(&shm);
}

static void reserve_is_for_important_entries(void **state)
{
    struct pel_shm shm = fixture_shm(1);
    struct pel_shm_ring *ring = &pel_shm_slot(&shm, 0)->ring;
    struct pel_ring_entry *e;

    while ((e = pel_ring_reserve(ring, 1000, PEL_RING_SPAN, false)))
        pel_ring_commit(ring, e);
    assert_between(pel_ring_used(ring), PEL_SHM_RING_LEN - PEL_RING_RESERVE_LEN - 1000,
                   PEL_SHM_RING_LEN - PEL_RING_RESERVE_LEN);
    while ((e = pel_ring_reserve(ring, 1000, PEL_RING_SPAN, true)))
        pel_ring_commit(ring, e);
    assert_between(pel_ring_used(ring), PEL_SHM_RING_LEN - 2000, PEL_SHM_RING_LEN);
    pel_shm_close(&shm);
}

static void nonsense_empties_the_ring(void **state)
{
    static _Alignas(8) char room[PEL_RING_ENTRY_MAX];
    static const uint32_t lengths[] = {0, 4, 12, PEL_RING_ENTRY_MAX + 8, UINT32_MAX};
    struct pel_ring_entry *out = (struct pel_ring_entry *)(void *)room;
    struct pel_shm shm = fixture_shm(1);
    struct pel_shm_ring *ring = &pel_shm_slot(&shm, 0)->ring;

    for (size_t i = 0; i < PEL_ARRAY_LEN(lengths); i++) {
        struct pel_ring_entry *e = pel_ring_reserve(ring, 64, PEL_RING_SPAN, false);

        pel_ring_commit(ring, e);
        e->len = lengths[i];
        assert_int_equal(pel_ring_read(ring, out), -1);
        assert_int_equal(pel_ring_read(ring, out), 0);
    }
    atomic_store(&ring->head, atomic_load(&ring->tail) - 64);
    assert_int_equal(pel_ring_read(ring, out), -1);
    atomic_store(&ring->head, atomic_load(&ring->tail) + 2 * (uint64_t)PEL_SHM_RING_LEN);
    assert_int_equal(pel_ring_read(ring, out), -1);
    assert_int_equal(pel_ring_read(ring, out), 0);
    pel_shm_close(&shm);
}

/* A producer that went wrong, and died; the next one, or the supervisor, writes there again. */
static void producer_survives_what_it_finds(void **state)
{
    static _Alignas(8) char room[PEL_RING_ENTRY_MAX];
    static const struct {
        uint64_t head, tail;
    } found[] = {{5, 0},
                 {0, 5},
                 {16, 5},
                 {5, 5},
                 {0, 64},
                 {PEL_SHM_RING_LEN - 3, 8},
                 {3 * (uint64_t)PEL_SHM_RING_LEN, 0}};
    struct pel_ring_entry *out = (struct pel_ring_entry *)(void *)room, *e;
    struct pel_shm shm = fixture_shm(1);
    struct pel_shm_ring *ring = &pel_shm_slot(&shm, 0)->ring;

    for (size_t i = 0; i < PEL_ARRAY_LEN(found); i++) {
        atomic_store(&ring->head, found[i].head);
        atomic_store(&ring->tail, found[i].tail);
        assert_null(pel_ring_reserve(ring, 64, PEL_RING_SPAN, true));
        while (pel_ring_read(ring, out) != 0)
            ;
        e = pel_ring_reserve(ring, 64, PEL_RING_SPAN, true);
        assert_non_null(e);
        pel_ring_commit(ring, e);
        assert_int_equal(pel_ring_read(ring, out), 1);
        assert_int_equal(out->len, 64);
    }
    pel_shm_close(&shm);
}

static void span_with_wrong_lengths_is_refused(void **state)
{
    static _Alignas(8) char room[1024];
    struct pel_span_entry *e = (struct pel_span_entry *)(void *)room;

    e->ring.len = sizeof(*e) + 8;
    assert_true(pel_span_is_valid(e));
    e->str_len[3] = 8;
    assert_true(pel_span_is_valid(e));
    e->str_len[5] = 1;
    assert_false(pel_span_is_valid(e));
    e->ring.len = sizeof(*e) - 8;
    assert_false(pel_span_is_valid(e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_threads_pass_every_entry_whole),
        cmocka_unit_test(reserve_is_for_important_entries),
        cmocka_unit_test(nonsense_empties_the_ring),
        cmocka_unit_test(producer_survives_what_it_finds),
        cmocka_unit_test(span_with_wrong_lengths_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
