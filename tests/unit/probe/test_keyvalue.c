#include "../check.h"

#include "pellucid/keyvalue.h"
#include "otlp.pb-c.h"
#include "pellucid/attribute.h"

#define TAG PEL_WIRE_LEN(1) /* Resource.attributes */

static char room[100000];

static Otlp__Resource *read_back(const struct pel_wire *w)
{
    Otlp__Resource *r = otlp__resource__unpack(NULL, (size_t)(w->p - room), (uint8_t *)room);

    assert_non_null(r);
    return r;
}

static void values_of_every_type_come_back(void **state)
{
    static const int64_t numbers[] = {0, 1, 127, 128, -1, INT64_MIN, INT64_MAX, 65535};
    struct pel_wire w = {room, room + sizeof(room)};
    Otlp__Resource *r;

    pel_keyvalue_str(&w, TAG, PEL_STR("text"), PEL_STR("na\xc3\xafve \xff"));
    pel_keyvalue_str(&w, TAG, PEL_STR("empty"), PEL_STR(""));
    pel_keyvalue_utf8(&w, TAG, PEL_STR("word"), PEL_STR("GET"));
    pel_keyvalue_seconds(&w, TAG, PEL_STR("seconds"), 1500000000);
    for (size_t i = 0; i < PEL_ARRAY_LEN(numbers); i++)
        pel_keyvalue_int(&w, TAG, PEL_STR("number"), numbers[i]);
    r = read_back(&w);
    assert_int_equal(r->n_attributes, 4 + PEL_ARRAY_LEN(numbers));
    assert_string_equal(r->attributes[0]->key, "text");
    assert_string_equal(r->attributes[0]->value->string_value, "na\xc3\xafve \xef\xbf\xbd");
    assert_string_equal(r->attributes[1]->value->string_value, "");
    assert_string_equal(r->attributes[2]->value->string_value, "GET");
    assert_true(r->attributes[3]->value->double_value == 1.5);
    for (size_t i = 0; i < PEL_ARRAY_LEN(numbers); i++)
        assert_true(r->attributes[4 + i]->value->int_value == numbers[i]);
    otlp__resource__free_unpacked(r, NULL);
}

static void what_the_app_has_set_does_not_replace_ours(void **state)
{
    static char long_text[PEL_ATTRIBUTE_TEXT_MAX], packed[PEL_ATTRIBUTE_PACKED_MAX];
    struct pel_wire w = {room, room + sizeof(room)};
    struct pel_attribute a = {.key = PEL_STR("ours"), .text = PEL_STR("theirs")};
    size_t len = pel_attribute_put(packed, 0, &a);
    Otlp__Resource *r;

    memset(long_text, 'z', sizeof(long_text));
    a = (struct pel_attribute){.key = PEL_STR("l\xffng"),
                               .text = pel_str(long_text, sizeof(long_text))};
    len = pel_attribute_put(packed, len, &a);
    a = (struct pel_attribute){.type = PEL_ATTRIBUTE_BOOL, .key = PEL_STR("yes"), .integer = 1};
    len = pel_attribute_put(packed, len, &a);
    a = (struct pel_attribute){.type = PEL_ATTRIBUTE_FLOAT, .key = PEL_STR("half"), .real = 0.5};
    len = pel_attribute_put(packed, len, &a);
    pel_keyvalue_str(&w, TAG, PEL_STR("first"), pel_str(long_text, 200));
    pel_keyvalue_int(&w, TAG, PEL_STR("ours"), 1);
    pel_keyvalue_packed(&w, TAG, room, pel_str(packed, len));
    r = read_back(&w);
    assert_int_equal(r->n_attributes, 5);
    assert_int_equal(r->attributes[1]->value->int_value, 1);
    assert_string_equal(r->attributes[2]->key, "l\xef\xbf\xbdng");
    assert_int_equal(strlen(r->attributes[2]->value->string_value), sizeof(long_text));
    assert_true(r->attributes[3]->value->bool_value);
    assert_true(r->attributes[4]->value->double_value == 0.5);
    otlp__resource__free_unpacked(r, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_every_type_come_back),
        cmocka_unit_test(what_the_app_has_set_does_not_replace_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
