#include "../check.h"
#include "pellucid/buf.h"

static struct pel_str content(const struct pel_buf *b)
{
    return pel_str(b->p, b->len);
}

static void bytes_add_up(void **state)
{
    struct pel_buf b;

    pel_buf_init(&b);
    pel_buf_add(&b, "GET", 3);
    pel_buf_add(&b, NULL, 0);
    pel_buf_add_str(&b, PEL_STR(" "));
    pel_buf_addf(&b, "/%d%s", 12, "?x");
    pel_buf_addf(&b, "%s", "");
    assert_str(content(&b), "GET /12?x");
    pel_buf_clear(&b);
    pel_buf_add(&b, "a", 1);
    assert_str(content(&b), "a");
    pel_buf_fini(&b);
    assert_null(b.p);
}

static void a_format_longer_than_the_room_grows_it(void **state)
{
    struct pel_buf b;

    pel_buf_init(&b);
    for (int i = 0; i < 100; i++)
        pel_buf_addf(&b, "%0100d", i);
    assert_int_equal(b.len, 10000);
    assert_memory_equal(b.p + 9998, "99", 2);
    pel_buf_fini(&b);
}

static void what_is_reserved_is_there(void **state)
{
    struct pel_buf b;
    char *p;

    pel_buf_init(&b);
    pel_buf_add(&b, "x", 1);
    p = pel_buf_reserve(&b, 100000);
    assert_ptr_equal(p, b.p + 1);
    memset(p, 'y', 100000);
    assert_int_equal(b.len, 1);
    assert_true(b.cap >= 100001);
    assert_ptr_equal(pel_buf_reserve(&b, 10), p);
    pel_buf_fini(&b);
}

static void the_front_can_be_dropped(void **state)
{
    struct pel_buf b;

    pel_buf_init(&b);
    pel_buf_drop(&b, 0);
    pel_buf_add(&b, "abcdef", 6);
    pel_buf_drop(&b, 4);
    assert_str(content(&b), "ef");
    pel_buf_drop(&b, 2);
    assert_int_equal(b.len, 0);
    pel_buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_add_up),
        cmocka_unit_test(a_format_longer_than_the_room_grows_it),
        cmocka_unit_test(what_is_reserved_is_there),
        cmocka_unit_test(the_front_can_be_dropped),
    };

    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
