#include "pellucid/method.h"

/* Of the process. */
static struct {
    struct pel_shm_methods list; /* what texts point into */
    struct pel_str texts[PEL_METHOD_N];
    unsigned n;
} known = {.texts[PEL_METHOD_OTHER] = {"_OTHER", 6}};

void pel_methods_put(struct pel_shm_methods *out, const struct pel_strings *names)
{
    memset(out, 0, sizeof(*out));
    PEL_ASSERT(names->n <= PEL_METHODS_MAX);
    for (size_t i = 0; i < names->n; i++) {
        PEL_ASSERT(strlen(names->items[i]) < PEL_SHM_METHOD_LEN);
        memcpy(out->names[i], names->items[i], strlen(names->items[i]));
    }
}

void pel_methods_take(const struct pel_shm_methods *from)
{
    known.list = *from;
    known.n = 0;
    memset(known.texts, 0, PEL_METHOD_OTHER * sizeof(known.texts[0]));
    while (known.n < PEL_METHODS_MAX && known.list.names[known.n][0]) {
        const char *name = known.list.names[known.n];

        known.texts[known.n++] = pel_str(name, strnlen(name, PEL_SHM_METHOD_LEN - 1));
    }
}

unsigned pel_method_index(struct pel_str method)
{
    for (unsigned i = 0; i < known.n; i++)
        if (pel_str_eq(known.texts[i], method))
            return i;
    return PEL_METHOD_OTHER;
}

struct pel_str pel_method_text(unsigned index)
{
    PEL_ASSERT(index < PEL_METHOD_N);
    return known.texts[index];
}
