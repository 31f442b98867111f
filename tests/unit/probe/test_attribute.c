/* Packed attributes: what is put in comes out, within bounds, and nonsense ends the reading. */
#include "../check.h"

#include "pellucid/attribute.h"

static char room[PEL_ATTRIBUTE_PACKED_MAX];

static size_t put_text(size_t len, struct pel_str key, struct pel_str text)
{
    return pel_attribute_put(
        room, len, &(struct pel_attribute){.type = PEL_ATTRIBUTE_STR, .key = key, .text = text});
}

static unsigned count(size_t len)
{
    struct pel_str rest = pel_str(room, len);
    struct pel_attribute a;
    unsigned n = 0;

    while (pel_attribute_next(&rest, &a))
        n++;
    assert_int_equal(rest.len, 0);
    return n;
}

static void every_type_comes_back(void **state)
{
    struct pel_str rest;
    struct pel_attribute a;
    size_t len = put_text(0, PEL_STR("s"), PEL_STR("text"));

    len = pel_attribute_put(
        room, len,
        &(struct pel_attribute){.type = PEL_ATTRIBUTE_INT, .key = PEL_STR("i"), .integer = -5});
    len = pel_attribute_put(
        room, len,
        &(struct pel_attribute){.type = PEL_ATTRIBUTE_FLOAT, .key = PEL_STR("f"), .real = 0.5});
    len = pel_attribute_put(
        room, len,
        &(struct pel_attribute){.type = PEL_ATTRIBUTE_BOOL, .key = PEL_STR("b"), .integer = 1});
    rest = pel_str(room, len);
    assert_true(pel_attribute_next(&rest, &a));
    assert_true(a.type == PEL_ATTRIBUTE_STR && pel_str_eq(a.text, PEL_STR("text")));
    assert_true(pel_attribute_next(&rest, &a));
    assert_true(a.type == PEL_ATTRIBUTE_INT && a.integer == -5);
    assert_true(pel_attribute_next(&rest, &a));
    assert_true(a.type == PEL_ATTRIBUTE_FLOAT && a.real == 0.5);
    assert_true(pel_attribute_next(&rest, &a));
    assert_true(a.type == PEL_ATTRIBUTE_BOOL && a.integer == 1);
    assert_true(pel_str_eq(a.key, PEL_STR("b")));
    assert_false(pel_attribute_next(&rest, &a));
}

static void the_last_value_of_a_key_counts(void **state)
{
    struct pel_str rest;
    struct pel_attribute a;
    size_t len = put_text(0, PEL_STR("a"), PEL_STR("1"));

    len = put_text(len, PEL_STR("b"), PEL_STR("2"));
    len = put_text(len, PEL_STR("a"), PEL_STR("three"));
    assert_int_equal(count(len), 2);
    rest = pel_str(room, len);
    assert_true(pel_attribute_next(&rest, &a) && pel_str_eq(a.text, PEL_STR("2")));
    assert_true(pel_attribute_next(&rest, &a) && pel_str_eq(a.text, PEL_STR("three")));
}

static void bounds_hold(void **state)
{
    static char text[3000];
    struct pel_str rest;
    struct pel_attribute a;
    char key[8];
    size_t len = 0;

    for (unsigned i = 0; i < 100; i++) {
        snprintf(key, sizeof(key), "k%u", i);
        len = put_text(len, pel_str(key, strlen(key)), PEL_STR("v"));
    }
    assert_int_equal(count(len), PEL_ATTRIBUTE_N_MAX);
    memset(text, 'x', sizeof(text));
    memcpy(text + PEL_ATTRIBUTE_TEXT_MAX - 1, "\xc3\xa9", 2);
    len = put_text(0, pel_str(text, sizeof(text)), pel_str(text, sizeof(text)));
    rest = pel_str(room, len);
    assert_true(pel_attribute_next(&rest, &a));
    assert_int_equal(a.key.len, PEL_ATTRIBUTE_KEY_MAX);
    assert_int_equal(a.text.len, PEL_ATTRIBUTE_TEXT_MAX - 1); /* no half of a character */
    for (unsigned i = 0; i < 10; i++)
        len = put_text(len, pel_str(text, i + 1), pel_str(text, 1000));
    assert_true(len <= PEL_ATTRIBUTE_PACKED_MAX);
    assert_int_equal(count(len), 3);
    assert_int_equal(put_text(len, PEL_STR(""), PEL_STR("no key")), len);
}

static void a_value_that_does_not_fit_leaves_the_old_one(void **state)
{
    static char text[PEL_ATTRIBUTE_TEXT_MAX];
    struct pel_attribute a;
    struct pel_str rest;
    size_t len;

    memset(text, 'x', sizeof(text));
    len = put_text(0, PEL_STR("k"), PEL_STR("old"));
    for (unsigned i = 0; i < 4; i++)
        len = put_text(len, pel_str(text, i + 1), pel_str(text, i < 3 ? sizeof(text) : 900));
    assert_int_equal(put_text(len, PEL_STR("k"), pel_str(text, sizeof(text))), len);
    rest = pel_str(room, len);
    assert_true(pel_attribute_next(&rest, &a));
    assert_str(a.key, "k");
    assert_str(a.text, "old");
}

static void nonsense_ends_the_reading(void **state)
{
    static const char bad[][8] = {
        {0, 1, 1, 0, 'k'},      /* shorter than it says */
        {4, 1, 0, 0, 'k'},      /* a type there is not */
        {1, 1, 1, 0, 'k', 'v'}, /* a number of one byte */
    };
    struct pel_attribute a;

    for (size_t i = 0; i < PEL_ARRAY_LEN(bad); i++) {
        struct pel_str rest = pel_str(bad[i], i == 2 ? 6 : 5);

        assert_false(pel_attribute_next(&rest, &a));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_comes_back),
        cmocka_unit_test(the_last_value_of_a_key_counts),
        cmocka_unit_test(bounds_hold),
        cmocka_unit_test(a_value_that_does_not_fit_leaves_the_old_one),
        cmocka_unit_test(nonsense_ends_the_reading),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
