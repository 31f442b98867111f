#include <stdio.h>

#include "fixture.h"

/* The words of text as the list of this process. */
static void know(const char *text)
{
    char *items[PEL_METHODS_MAX], words[1024];
    struct pel_strings names = {items, 0};
    struct pel_shm_methods list;

    snprintf(words, sizeof(words), "%s", text);
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
        items[names.n++] = word;
    pel_methods_put(&list, &names);
    pel_methods_take(&list);
}

static void what_is_on_the_list_has_its_name(void **state)
{
    know("GET PURGE _LOCK FIFTEEN-LETTERS");
    assert_int_equal(pel_method_index(PEL_STR("GET")), 0);
    assert_int_equal(pel_method_index(PEL_STR("PURGE")), 1);
    assert_str(pel_method_text(1), "PURGE");
    assert_str(pel_method_bounded(PEL_STR("_LOCK")), "_LOCK");
    assert_str(pel_method_bounded(PEL_STR("FIFTEEN-LETTERS")), "FIFTEEN-LETTERS");
    assert_int_equal(pel_method_text(4).len, 0);
}

static void what_is_not_is_other(void **state)
{
    static const char *const others[] = {
        "POST", "get", "GET ", "GE", "", "_OTHER", "FIFTEEN-LETTERS-"};

    know("GET FIFTEEN-LETTERS");
    for (size_t i = 0; i < PEL_ARRAY_LEN(others); i++) {
        struct pel_str other = pel_str(others[i], strlen(others[i]));

        assert_int_equal(pel_method_index(other), PEL_METHOD_OTHER);
        assert_str(pel_method_bounded(other), "_OTHER");
    }
    assert_int_equal(pel_method_index(PEL_STR_NONE), PEL_METHOD_OTHER);
}

static void a_list_takes_the_place_of_the_one_before(void **state)
{
    char text[1024] = "";

    for (size_t i = 0, at = 0; i < PEL_METHODS_MAX; i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at, "M%zu ", i);
    know(text);
    assert_int_equal(pel_method_index(PEL_STR("M31")), PEL_METHODS_MAX - 1);
    assert_int_equal(pel_method_index(PEL_STR("GET")), PEL_METHOD_OTHER);
    know("");
    assert_int_equal(pel_method_index(PEL_STR("M0")), PEL_METHOD_OTHER);
    assert_int_equal(pel_method_text(31).len, 0);
    assert_str(pel_method_text(PEL_METHOD_OTHER), "_OTHER");
}

/* Workers run the app and can write there. */
static void a_damaged_list_is_read_within_its_bounds(void **state)
{
    struct pel_shm_methods list;

    memset(&list, 'X', sizeof(list));
    pel_methods_take(&list);
    assert_int_equal(pel_method_text(PEL_METHODS_MAX - 1).len, PEL_METHOD_LEN_MAX);
    assert_str(pel_method_bounded(PEL_STR("XXXXXXXXXXXXXXX")), "XXXXXXXXXXXXXXX");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_on_the_list_has_its_name),
        cmocka_unit_test(what_is_not_is_other),
        cmocka_unit_test(a_list_takes_the_place_of_the_one_before),
        cmocka_unit_test(a_damaged_list_is_read_within_its_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
