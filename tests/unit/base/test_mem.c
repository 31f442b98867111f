#include "../check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pellucid/mem.h"

static void new_memory_is_zeroed(void **state)
{
    uint64_t *numbers = pel_mem_new(100, sizeof(*numbers));
    void *nothing = pel_mem_new(0, 8);

    for (size_t i = 0; i < 100; i++)
        assert_int_equal(numbers[i], 0);
    assert_non_null(nothing);
    free(nothing);
    free(numbers);
}

static void resizing_keeps_what_was_there(void **state)
{
    int *numbers = pel_mem_resize(NULL, 2, sizeof(*numbers));

    numbers[0] = 1;
    numbers[1] = 2;
    numbers = pel_mem_resize(numbers, 2000, sizeof(*numbers));
    numbers[1999] = 3;
    assert_int_equal(numbers[0] + numbers[1] + numbers[1999], 6);
    free(numbers);
}

static void a_copy_ends_with_a_nul(void **state)
{
    char *copy = pel_mem_dup(pel_str("shopping", 4));
    char *empty = pel_mem_dup(PEL_STR_NONE);

    assert_string_equal(copy, "shop");
    assert_string_equal(empty, "");
    free(copy);
    free(empty);
}

static void a_memory_file_has_its_length(void **state)
{
    int fd = pel_mem_file("shop", 12345);
    struct stat stat;

    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &stat), 0);
    assert_int_equal(stat.st_size, 12345);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
    close(fd);
}

static void a_memory_file_that_cannot_be_is_none(void **state)
{
    assert_int_equal(pel_mem_file("shop", SIZE_MAX), -1);
    assert_int_equal(errno, EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_memory_is_zeroed),
        cmocka_unit_test(resizing_keeps_what_was_there),
        cmocka_unit_test(a_copy_ends_with_a_nul),
        cmocka_unit_test(a_memory_file_has_its_length),
        cmocka_unit_test(a_memory_file_that_cannot_be_is_none),
    };

    return cmocka_run_group_tests_name("mem", tests, NULL, NULL);
}
