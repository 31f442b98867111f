/* That others can read it is seen by every integration test of the export. */
#include "../check.h"

#include "observer/gzip.h"
#include "pellucid/mem.h"

/* Bytes of a given variety: 1 = all alike, 256 = noise. */
static char *bytes(size_t len, unsigned variety)
{
    char *p = pel_mem_new(len + 1, 1);
    uint32_t state = 1;

    for (size_t i = 0; i < len; i++) {
        state = state * 1664525 + 1013904223;
        p[i] = (char)(state / 16777216 % variety);
    }
    return p;
}

static void what_is_packed_comes_back(void **state)
{
    static const size_t lens[] = {0, 1, 100, 65535, 65536, 1U << 20, 3000000};
    static const unsigned varieties[] = {1, 2, 20, 256};

    for (size_t i = 0; i < PEL_ARRAY_LEN(lens) * PEL_ARRAY_LEN(varieties); i++) {
        size_t len = lens[i % PEL_ARRAY_LEN(lens)];
        char *in = bytes(len, varieties[i / PEL_ARRAY_LEN(lens)]), *back = pel_mem_new(len + 1, 1);
        struct pel_buf out;

        pel_buf_init(&out);
        pel_buf_add(&out, "before", 6);
        pel_gzip(&out, pel_str(in, len));
        assert_memory_equal(out.p, "before\x1f\x8b\x08", 9);
        assert_true(out.len <= len + len / 8192 + 70);
        assert_true(pel_gunzip(back, len, pel_str(out.p + 6, out.len - 6)));
        assert_memory_equal(back, in, len);
        pel_buf_fini(&out);
        free(in);
        free(back);
    }
}

static void spans_get_ten_times_smaller(void **state)
{
    static const char span[] = "http.request.method GET url.scheme http url.path /orders/%04zu";
    struct pel_buf in, out;

    pel_buf_init(&in);
    pel_buf_init(&out);
    for (size_t i = 0; i < 1000; i++)
        pel_buf_addf(&in, span, i);
    pel_gzip(&out, pel_str(in.p, in.len));
    assert_true(out.len < in.len / 10);
    pel_buf_fini(&in);
    pel_buf_fini(&out);
}

static void what_is_broken_is_refused(void **state)
{
    char *in = bytes(5000, 20), back[5001];
    struct pel_buf out;

    pel_buf_init(&out);
    pel_gzip(&out, pel_str(in, 5000));
    assert_false(pel_gunzip(back, 4999, pel_str(out.p, out.len)));
    assert_false(pel_gunzip(back, 5001, pel_str(out.p, out.len)));
    assert_false(pel_gunzip(back, 5000, pel_str(out.p, out.len / 2)));
    assert_false(pel_gunzip(back, 5000, pel_str(in, 5000)));
    out.p[out.len - 8] ^= 1; /* the checksum */
    assert_false(pel_gunzip(back, 5000, pel_str(out.p, out.len)));
    pel_buf_fini(&out);
    free(in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_packed_comes_back),
        cmocka_unit_test(spans_get_ten_times_smaller),
        cmocka_unit_test(what_is_broken_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
