#include <stdio.h>

#include "explain.h"

#define NAME_MAX_LEN 64

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

/* Edits (a byte more, less, other, or two swapped) from a to b; SIZE_MAX when one is too long to
 * be a misspelt name. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][NAME_MAX_LEN + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2], *spare;
    size_t n = strlen(b);

    if (n > NAME_MAX_LEN || strlen(a) > NAME_MAX_LEN)
        return SIZE_MAX;
    for (size_t j = 0; j <= n; j++)
        last[j] = before[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            row[j] = min3(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = min3(row[j], before[j - 2] + 1, SIZE_MAX);
        }
        spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return last[n];
}

/* How far a name may be off and still be taken for another of that length. */
static size_t tolerance(const char *name)
{
    size_t third = strlen(name) / 3;

    return third < 1 ? 1 : third;
}

/* The right key in a wrong section is one edit; a missing section counts as a wrong one. */
static size_t directive_distance(const struct pel_directive *d, const char *section,
                                 const char *key)
{
    size_t in_key = distance(key, d->key);

    if (in_key > tolerance(d->key))
        return SIZE_MAX;
    return 2 * in_key + (strcmp(section, d->section) != 0);
}

const struct pel_directive *pel_explain_nearest(const struct pel_directive *table, size_t n,
                                                const char *section, const char *key)
{
    const struct pel_directive *nearest = NULL;
    size_t least = SIZE_MAX;

    for (size_t i = 0; i < n; i++) {
        size_t edits = directive_distance(&table[i], section, key);

        if (edits < least) {
            least = edits;
            nearest = &table[i];
        }
    }
    return nearest;
}

const char *pel_explain_nearest_section(const char *name)
{
    const char *nearest = NULL;
    size_t least = SIZE_MAX;

    for (size_t i = 0; i < pel_n_directives; i++) {
        const char *section = pel_directives[i].section;
        size_t edits = distance(name, section);

        if (edits <= tolerance(section) && edits < least) {
            least = edits;
            nearest = section;
        }
    }
    return nearest;
}
