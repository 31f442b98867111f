#include <stdlib.h>

#include "pellucid/conf.h"
#include "pellucid/mem.h"

struct pel_value *pel_value_add(struct pel_value *parent, const char *key)
{
    struct pel_value *child;
    size_t n = parent->n_children;

    PEL_ASSERT(parent->kind == PEL_VALUE_ARRAY || parent->kind == PEL_VALUE_TABLE);
    PEL_ASSERT((key != NULL) == (parent->kind == PEL_VALUE_TABLE));
    /* Room for 1, 2, 4, 8, ... children. */
    if ((n & (n - 1)) == 0)
        parent->children = pel_mem_resize(parent->children, n ? 2 * n : 1, sizeof(*child));
    child = &parent->children[parent->n_children++];
    *child = (struct pel_value){.key = key ? pel_mem_dup(pel_str(key, strlen(key))) : NULL};
    return child;
}

const struct pel_value *pel_value_find(const struct pel_value *table, const char *key)
{
    if (table->kind != PEL_VALUE_TABLE)
        return NULL;
    for (size_t i = 0; i < table->n_children; i++)
        if (strcmp(table->children[i].key, key) == 0)
            return &table->children[i];
    return NULL;
}

void pel_value_set_string(struct pel_value *v, struct pel_str s)
{
    PEL_ASSERT(v->string == NULL);
    v->kind = PEL_VALUE_STRING;
    v->string = pel_mem_dup(s);
}

void pel_value_fini(struct pel_value *v)
{
    for (size_t i = 0; i < v->n_children; i++)
        pel_value_fini(&v->children[i]);
    free(v->children);
    free(v->key);
    free(v->source);
    free(v->string);
    *v = (struct pel_value){.kind = PEL_VALUE_STRING};
}
