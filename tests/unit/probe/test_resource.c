#include "fixture.h"

#include "pellucid/resource.h"

static const uint8_t instance[16] = {0xab, [15] = 0x01};

static const struct pel_resource_attribute *find(const struct pel_resource *r, const char *key)
{
    const struct pel_resource_attribute *found = NULL;

    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->items[i].key, key) == 0) {
            assert_null(found); /* each once */
            found = &r->items[i];
        }
    return found;
}

static void a_worker_has_its_own_id_and_pid(void **state)
{
    struct pel_conf conf = fixture_conf();
    struct pel_resource r;

    pel_resource_init(&r, &conf, instance, 42);
    assert_string_equal(find(&r, "service.name")->text, "unknown_service:pellucid");
    assert_string_equal(find(&r, "service.instance.id")->text,
                        "ab000000-0000-0000-0000-000000000001");
    assert_null(find(&r, "process.pid")->text);
    assert_int_equal(find(&r, "process.pid")->number, 42);
    assert_string_equal(find(&r, "webengine.name")->text, "pellucid");
    pel_resource_init(&r, &conf, instance, 0);
    assert_null(find(&r, "process.pid"));
}

static void the_configuration_comes_first(void **state)
{
    static struct pel_pair pairs[] = {
        {(char *)"service.name", (char *)"shop"},
        {(char *)"process.pid", (char *)"mine"},
        {(char *)"service.name", (char *)"twice"},
    };
    struct pel_conf conf = fixture_conf();
    struct pel_resource r;

    conf.otlp_resource = (struct pel_pairs){pairs, PEL_ARRAY_LEN(pairs)};
    pel_resource_init(&r, &conf, instance, 42);
    assert_string_equal(find(&r, "service.name")->text, "shop");
    assert_string_equal(find(&r, "process.pid")->text, "mine");
}

static void there_is_room_for_what_is_ours(void **state)
{
    static char keys[2 * PEL_RESOURCE_MAX][8];
    static struct pel_pair pairs[PEL_ARRAY_LEN(keys)];
    struct pel_conf conf = fixture_conf();
    struct pel_resource r;

    for (size_t i = 0; i < PEL_ARRAY_LEN(keys); i++) {
        snprintf(keys[i], sizeof(keys[i]), "k%zu", i);
        pairs[i] = (struct pel_pair){keys[i], (char *)"v"};
    }
    conf.otlp_resource = (struct pel_pairs){pairs, PEL_ARRAY_LEN(pairs)};
    pel_resource_init(&r, &conf, instance, 42);
    assert_true(r.n <= PEL_RESOURCE_MAX);
    assert_non_null(find(&r, "k0"));
    assert_non_null(find(&r, "webengine.version"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_has_its_own_id_and_pid),
        cmocka_unit_test(the_configuration_comes_first),
        cmocka_unit_test(there_is_room_for_what_is_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
