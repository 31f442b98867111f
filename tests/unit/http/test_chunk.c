#include "../check.h"
#include "pellucid/http.h"

static void assert_head(size_t len, const char *want)
{
    char out[PEL_CHUNK_HEAD_MAX];

    assert_int_equal(pel_chunk_head(out, len), strlen(want));
    assert_memory_equal(out, want, strlen(want));
}

static void test_head(void **state)
{
    assert_head(1, "1\r\n");
    assert_head(15, "f\r\n");
    assert_head(16, "10\r\n");
    assert_head(0xabcdef, "abcdef\r\n");
    assert_head(SIZE_MAX, "ffffffffffffffff\r\n");
}

static void test_end(void **state)
{
    const struct pel_field fields[] = {{PEL_STR("Digest"), PEL_STR(" a ")},
                                       {PEL_STR("X"), PEL_STR("")}};
    struct pel_buf out;

    pel_buf_init(&out);
    assert_int_equal(pel_chunk_end(&out, NULL, 0, NULL), 0);
    assert_int_equal(pel_chunk_end(&out, fields, 2, NULL), 0);
    assert_int_equal(out.len, strlen("0\r\n\r\n0\r\nDigest: a\r\nX: \r\n\r\n"));
    assert_memory_equal(out.p, "0\r\n\r\n0\r\nDigest: a\r\nX: \r\n\r\n", out.len);
    pel_buf_fini(&out);
}

/* RFC 9110 6.5.1, and what no field may hold. */
static void test_refused(void **state)
{
    static const struct pel_field cases[] = {
        {PEL_STR("Content-Length"), PEL_STR("5")}, {PEL_STR("transfer-encoding"), PEL_STR("x")},
        {PEL_STR("Host"), PEL_STR("a")},           {PEL_STR("Trailer"), PEL_STR("a")},
        {PEL_STR("Content-Type"), PEL_STR("a/b")}, {PEL_STR("Content-Encoding"), PEL_STR("gzip")},
        {PEL_STR("Content-Range"), PEL_STR("a")},  {PEL_STR("Set-Cookie"), PEL_STR("a=1")},
        {PEL_STR("Connection"), PEL_STR("close")}, {PEL_STR("a b"), PEL_STR("c")},
        {PEL_STR("a"), PEL_STR("b\r\nc")},         {PEL_STR(""), PEL_STR("c")},
    };
    struct pel_buf out;

    pel_buf_init(&out);
    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++) {
        struct pel_field fields[] = {{PEL_STR("Good"), PEL_STR("1")}, cases[i]};
        struct pel_err err;

        assert_int_equal(pel_chunk_end(&out, fields, 2, &err), -1);
        assert_int_equal(out.len, 0);
    }
    pel_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_head),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
