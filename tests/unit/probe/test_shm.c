#include "fixture.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

static void two_mappings_are_one_memory(void **state)
{
    struct pel_shm a = fixture_shm(3), b;
    struct pel_err err;

    assert_int_equal(pel_shm_attach(&b, dup(a.fd), dup(a.event_fd), &err), 0);
    pel_metric_add(pel_shm_slot(&a, 2), PEL_METRIC_REQUESTS, 5);
    assert_int_equal(fixture_metric(&b, 2, PEL_METRIC_REQUESTS), 5);
    assert_int_equal(b.n_slots, 3);
    assert_int_equal(b.header->supervisor_pid, getpid());
    assert_string_equal(b.header->methods.names[1], "POST");
    assert_true(fcntl(a.fd, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(a.event_fd, F_GETFD) & FD_CLOEXEC);
    pel_shm_close(&b);
    pel_shm_close(&a);
}

/* A reload may have read another list; what is counted by index must not change its name. */
static void who_maps_it_takes_the_methods_over(void **state)
{
    static char *words[] = {(char *)"PURGE"};
    struct pel_strings purge = {words, 1};
    struct pel_shm a = fixture_shm(1), b, c;
    struct pel_err err;

    assert_int_equal(pel_shm_create(&b, 1, &purge, &err), 0);
    assert_int_equal(pel_method_index(PEL_STR("PURGE")), 0);
    assert_int_equal(pel_shm_attach(&c, dup(a.fd), dup(a.event_fd), &err), 0);
    assert_int_equal(pel_method_index(PEL_STR("GET")), 0);
    assert_int_equal(pel_method_index(PEL_STR("PURGE")), PEL_METHOD_OTHER);
    pel_shm_close(&c);
    pel_shm_close(&b);
    pel_shm_close(&a);
}

static void unused_slots_take_no_memory(void **state)
{
    struct pel_shm shm = fixture_shm(512);
    struct stat st;

    assert_int_equal(fstat(shm.fd, &st), 0);
    assert_true(st.st_size > 512 * (off_t)PEL_SHM_RING_LEN);
    assert_true(st.st_blocks * 512 <= 64 << 10);
    assert_int_equal(ftruncate(shm.fd, 0), -1);
    pel_shm_close(&shm);
}

static void strangers_are_refused(void **state)
{
    struct pel_shm a = fixture_shm(1), b;
    struct pel_err err;
    int fd = memfd_create("other", MFD_CLOEXEC);

    assert_int_equal(pel_shm_attach(&b, fd, -1, &err), -1);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    fd = memfd_create("other", MFD_CLOEXEC);
    assert_int_equal(ftruncate(fd, 1 << 16), 0);
    assert_int_equal(pel_shm_attach(&b, fd, -1, &err), -1);
    a.header->version++;
    assert_int_equal(pel_shm_attach(&b, dup(a.fd), -1, &err), -1);
    assert_non_null(strstr(err.text, "restart the server"));
    a.header->version--;
    a.header->n_slots = 1000;
    assert_int_equal(pel_shm_attach(&b, dup(a.fd), -1, &err), -1);
    assert_null(b.header);
    a.header->n_slots = 1;
    a.header->slot_offset = UINT64_MAX - 4095; /* the sum is small */
    assert_int_equal(pel_shm_attach(&b, dup(a.fd), -1, &err), -1);
    pel_shm_close(&a);
}

/* Workers run the app and can write to the header; the others keep what they have checked. */
static void places_are_believed_once(void **state)
{
    struct pel_shm a = fixture_shm(2);
    const struct pel_shm_slot *slot = pel_shm_slot(&a, 1);

    a.header->n_slots = UINT32_MAX;
    a.header->slot_len = 8;
    a.header->slot_offset = 1U << 30;
    assert_int_equal(a.n_slots, 2);
    assert_ptr_equal(pel_shm_slot(&a, 1), slot);
    pel_shm_close(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_mappings_are_one_memory),
        cmocka_unit_test(who_maps_it_takes_the_methods_over),
        cmocka_unit_test(unused_slots_take_no_memory),
        cmocka_unit_test(strangers_are_refused),
        cmocka_unit_test(places_are_believed_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
