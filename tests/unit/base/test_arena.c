#include <pthread.h>
#include <stdalign.h>

#include "../check.h"
#include "pellucid/arena.h"

static void what_is_allocated_is_aligned_and_apart(void **state)
{
    struct pel_arena a;
    char *pieces[300];

    pel_arena_init(&a);
    for (size_t i = 0; i < PEL_ARRAY_LEN(pieces); i++) {
        pieces[i] = pel_arena_alloc(&a, i);
        assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        memset(pieces[i], (int)i, i);
    }
    for (size_t i = 0; i < PEL_ARRAY_LEN(pieces); i++)
        for (size_t j = 0; j < i; j++)
            assert_int_equal((unsigned char)pieces[i][j], i & 0xff);
    pel_arena_reset(&a);
    pel_arena_thread_fini();
}

static void a_large_piece_leaves_the_present_chunk_in_use(void **state)
{
    struct pel_arena a;
    char *small, *large, *next;

    pel_arena_init(&a);
    small = pel_arena_alloc(&a, 16);
    large = pel_arena_alloc(&a, 100000);
    memset(large, 1, 100000);
    next = pel_arena_alloc(&a, 16);
    assert_ptr_equal(next, small + 16);
    pel_arena_reset(&a);
    pel_arena_thread_fini();
}

static void the_first_piece_may_be_larger_than_a_chunk(void **state)
{
    struct pel_arena a;
    char *p;

    pel_arena_init(&a);
    p = pel_arena_alloc(&a, 3 * PEL_ARENA_CHUNK_LEN);
    memset(p, 1, 3 * PEL_ARENA_CHUNK_LEN);
    p = pel_arena_alloc(&a, PEL_ARENA_CHUNK_LEN);
    memset(p, 2, PEL_ARENA_CHUNK_LEN);
    pel_arena_reset(&a);
    assert_null(a.head);
    pel_arena_thread_fini();
}

static void a_copy_is_a_copy(void **state)
{
    char text[] = "shop";
    struct pel_arena a;
    struct pel_str copy;

    pel_arena_init(&a);
    copy = pel_arena_dup(&a, pel_str(text, 4));
    text[0] = 'X';
    assert_str(copy, "shop");
    copy = pel_arena_dup(&a, PEL_STR_NONE);
    assert_int_equal(copy.len, 0);
    assert_non_null(copy.p);
    pel_arena_reset(&a);
    pel_arena_thread_fini();
}

static void chunks_come_back_to_the_thread(void **state)
{
    struct pel_arena a;
    char *first;

    pel_arena_init(&a);
    first = pel_arena_alloc(&a, 1);
    pel_arena_reset(&a);
    assert_ptr_equal(pel_arena_alloc(&a, 1), first);
    pel_arena_reset(&a);
    pel_arena_thread_fini();
}

static void *end_a_request_of_another_thread(void *arg)
{
    struct pel_arena *a = arg;

    pel_arena_alloc(a, 10 * PEL_ARENA_CHUNK_LEN);
    pel_arena_reset(a);
    pel_arena_thread_fini();
    return NULL;
}

/* ASan sees what is not freed. */
static void a_request_may_end_on_another_thread(void **state)
{
    struct pel_arena a;
    pthread_t thread;

    pel_arena_init(&a);
    for (int i = 0; i < 100; i++)
        pel_arena_alloc(&a, 1000);
    assert_int_equal(pthread_create(&thread, NULL, end_a_request_of_another_thread, &a), 0);
    pthread_join(thread, NULL);
    assert_null(a.head);
}

static void the_free_list_is_bounded(void **state)
{
    struct pel_arena arenas[200];

    for (size_t i = 0; i < PEL_ARRAY_LEN(arenas); i++) {
        pel_arena_init(&arenas[i]);
        pel_arena_alloc(&arenas[i], 1);
    }
    for (size_t i = 0; i < PEL_ARRAY_LEN(arenas); i++)
        pel_arena_reset(&arenas[i]);
    pel_arena_thread_fini();
    pel_arena_thread_fini();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_allocated_is_aligned_and_apart),
        cmocka_unit_test(a_large_piece_leaves_the_present_chunk_in_use),
        cmocka_unit_test(the_first_piece_may_be_larger_than_a_chunk),
        cmocka_unit_test(a_copy_is_a_copy),
        cmocka_unit_test(chunks_come_back_to_the_thread),
        cmocka_unit_test(a_request_may_end_on_another_thread),
        cmocka_unit_test(the_free_list_is_bounded),
    };

    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
