#include "attributes.h"
#include "pellucid/time.h"
#include "text.h"

void pel_attributes_init(struct pel_attributes *as, struct pel_arena *arena)
{
    as->arena = arena;
    as->n = 0;
}

static Otlp__AnyValue *add(struct pel_attributes *as, const char *key)
{
    Otlp__KeyValue *kv = pel_arena_alloc(as->arena, sizeof(*kv));
    Otlp__AnyValue *value = pel_arena_alloc(as->arena, sizeof(*value));

    PEL_ASSERT(as->n < PEL_ATTRIBUTES_MAX);
    otlp__key_value__init(kv);
    otlp__any_value__init(value);
    kv->key = (char *)key; /* only read */
    kv->value = value;
    as->items[as->n++] = kv;
    return value;
}

void pel_attributes_str(struct pel_attributes *as, const char *key, struct pel_str value)
{
    Otlp__AnyValue *v = add(as, key);

    v->value_case = OTLP__ANY_VALUE__VALUE_STRING_VALUE;
    v->string_value = pel_text_utf8(as->arena, value);
}

void pel_attributes_cstr(struct pel_attributes *as, const char *key, const char *value)
{
    pel_attributes_str(as, key, pel_str(value, strlen(value)));
}

void pel_attributes_int(struct pel_attributes *as, const char *key, int64_t value)
{
    Otlp__AnyValue *v = add(as, key);

    v->value_case = OTLP__ANY_VALUE__VALUE_INT_VALUE;
    v->int_value = value;
}

void pel_attributes_double(struct pel_attributes *as, const char *key, double value)
{
    Otlp__AnyValue *v = add(as, key);

    v->value_case = OTLP__ANY_VALUE__VALUE_DOUBLE_VALUE;
    v->double_value = value;
}

void pel_attributes_bool(struct pel_attributes *as, const char *key, bool value)
{
    Otlp__AnyValue *v = add(as, key);

    v->value_case = OTLP__ANY_VALUE__VALUE_BOOL_VALUE;
    v->bool_value = value;
}

void pel_attributes_seconds(struct pel_attributes *as, const char *key, uint64_t ns)
{
    pel_attributes_double(as, key, (double)ns / PEL_NS_PER_SEC);
}

void pel_attributes_resource(struct pel_attributes *as, const struct pel_conf *conf,
                             const uint8_t instance_id[16], int32_t pid)
{
    struct pel_resource r;

    pel_resource_init(&r, conf, instance_id, pid);
    for (size_t i = 0; i < r.n; i++) {
        const struct pel_resource_attribute *a = &r.items[i];

        if (a->text)
            pel_attributes_cstr(as, a->key, a->text);
        else
            pel_attributes_int(as, a->key, a->number);
    }
}
