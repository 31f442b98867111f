/* The tables themselves: what a typing error in one of them would break. */
#include "../check.h"
#include "conf/type.h"

static void check_row(const struct pel_directive *d)
{
    size_t len = strlen(d->text);
    char allowed[256];

    if (len < 10 || d->text[len - 1] != '.')
        fail_msg("%s.%s: the text is no sentence", d->section, d->key);
    if (d->min > d->max)
        fail_msg("%s.%s: min is more than max", d->section, d->key);
    if (d->type == PEL_TYPE_ENUM && !strchr(d->allowed, '|'))
        fail_msg("%s.%s: an ENUM without words", d->section, d->key);
    pel_directive_allowed(d, allowed, sizeof(allowed));
    assert_true(strlen(allowed) > 0 && strlen(allowed) < sizeof(allowed) - 1);
}

static void each_row_is_in_order(void **state)
{
    for (size_t i = 0; i < pel_n_directives; i++)
        check_row(&pel_directives[i]);
    for (size_t i = 0; i < pel_n_route_directives; i++)
        check_row(&pel_route_directives[i]);
}

static void names_are_there_once_and_sections_together(void **state)
{
    for (size_t i = 0; i < pel_n_directives; i++)
        for (size_t j = 0; j < i; j++) {
            const struct pel_directive *a = &pel_directives[i], *b = &pel_directives[j];

            if (strcmp(a->section, b->section) != 0)
                continue;
            assert_string_not_equal(a->key, b->key);
            assert_string_equal(pel_directives[i - 1].section, a->section);
        }
}

static void each_default_is_valid(void **state)
{
    for (size_t i = 0; i < pel_n_directives; i++) {
        const struct pel_directive *d = &pel_directives[i];
        const struct pel_value *bad;
        union {
            int64_t number;
            struct pel_pairs pairs;
        } field = {.pairs = {NULL, 0}};
        struct pel_value v;

        pel_type_default(d, &v);
        if (!pel_type_parse(d, &v, &field, &bad))
            fail_msg("%s.%s: the default is not allowed", d->section, d->key);
        pel_type_fini(d->type, &field);
        pel_value_fini(&v);
    }
}

static void enums_agree_with_their_constants(void **state)
{
    for (size_t i = 0; i < pel_n_directives; i++) {
        const struct pel_directive *d = &pel_directives[i];

        if (strcmp(d->key, "interface") == 0)
            assert_string_equal(d->allowed, "auto|wsgi|asgi");
        if (strcmp(d->key, "loop") == 0)
            assert_string_equal(d->allowed, "auto|asyncio|uvloop");
        if (strcmp(d->key, "compression") == 0)
            assert_string_equal(d->allowed, "none|gzip");
        if (strcmp(d->key, "level") == 0)
            assert_string_equal(d->allowed, "debug|info|warning|error");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_is_in_order),
        cmocka_unit_test(names_are_there_once_and_sections_together),
        cmocka_unit_test(each_default_is_valid),
        cmocka_unit_test(enums_agree_with_their_constants),
    };

    return cmocka_run_group_tests_name("directive", tests, NULL, NULL);
}
