#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "instruments.h"
#include "pellucid/arena.h"
#include "pellucid/buf.h"

/* A point, and what it was measured with. */
struct source {
    const struct pel_instrument *what;
    const struct pel_shm_point *point;
    bool is_overflow;
};

/* --- finding them --- */

static void find_in(const struct pel_shm_instruments *t, struct pel_buf *out)
{
    for (size_t i = 0; i < PEL_POINT_N; i++) {
        const struct pel_shm_point *point = &t->points[i];
        const struct pel_shm_instrument *from;
        struct source s;

        if (!atomic_load_explicit(&point->is_used, memory_order_acquire) ||
            point->instrument >= PEL_INSTRUMENT_N || point->packed_len > PEL_POINT_PACKED_MAX)
            continue;
        from = &t->instruments[point->instrument];
        s = (struct source){&from->is, point, pel_point_is_overflow(t, point)};
        if (atomic_load_explicit(&from->is_used, memory_order_acquire) &&
            from->is.n_bounds <= PEL_INSTRUMENT_BOUNDS_MAX)
            pel_buf_add(out, (const char *)&s, sizeof(s));
    }
}

static int by_instrument(const struct pel_instrument *a, const struct pel_instrument *b)
{
    int order = strncmp(a->name, b->name, sizeof(a->name));

    if (order == 0)
        order = a->kind - b->kind;
    if (order == 0)
        order = a->n_bounds - b->n_bounds;
    return order ? order : memcmp(a->bounds, b->bounds, a->n_bounds * sizeof(a->bounds[0]));
}

static int by_set(const struct source *a, const struct source *b)
{
    int order = by_instrument(a->what, b->what);

    if (order == 0)
        order = a->is_overflow - b->is_overflow;
    if (order == 0)
        order = a->point->packed_len - b->point->packed_len;
    return order ? order : memcmp(a->point->packed, b->point->packed, a->point->packed_len);
}

static int compare(const void *a, const void *b)
{
    return by_set(a, b);
}

/* --- telling of them --- */

static const char *key_of(struct pel_arena *a, struct pel_str key)
{
    char *text = pel_arena_alloc(a, key.len + 1);

    memcpy(text, key.p, key.len);
    text[key.len] = '\0';
    return text;
}

/* Sinks know texts and whole numbers. */
static void add_label(struct pel_labels *ls, struct pel_arena *a, const struct pel_attribute *from)
{
    const char *key = key_of(a, from->key);
    char *text;

    switch (from->type) {
    case PEL_ATTRIBUTE_STR:
        pel_labels_text(ls, key, from->text.len ? from->text : PEL_STR(""));
        break;
    case PEL_ATTRIBUTE_INT:
        pel_labels_number(ls, key, from->integer);
        break;
    case PEL_ATTRIBUTE_BOOL:
        pel_labels_cstr(ls, key, from->integer ? "true" : "false");
        break;
    case PEL_ATTRIBUTE_FLOAT:
        text = pel_arena_alloc(a, 32);
        snprintf(text, 32, "%.15g", from->real);
        pel_labels_cstr(ls, key, text);
        break;
    }
}

static void make_labels(struct pel_labels *ls, struct pel_arena *a, const struct source *s)
{
    struct pel_str packed = pel_str(s->point->packed, s->point->packed_len);
    struct pel_attribute attribute;

    ls->n = 0;
    if (s->is_overflow)
        pel_labels_cstr(ls, "otel.metric.overflow", "true");
    while (ls->n < PEL_LABELS_MAX && pel_attribute_next(&packed, &attribute))
        add_label(ls, a, &attribute);
}

/* The n sources of one set of attributes, which different workers have written. */
static void tell_set(struct pel_sink *sink, const struct source *s, size_t n)
{
    struct pel_real_histogram h = {.bounds = s->what->bounds, .n_bounds = s->what->n_bounds};
    uint64_t counts[PEL_INSTRUMENT_BOUNDS_MAX + 1] = {0};
    struct pel_labels ls;
    struct pel_arena a;

    for (size_t i = 0; i < n; i++) {
        h.sum += pel_point_sum(s[i].point);
        for (size_t b = 0; b <= h.n_bounds; b++)
            counts[b] += atomic_load_explicit(&s[i].point->buckets[b], memory_order_relaxed);
    }
    h.counts = counts;
    pel_arena_init(&a);
    make_labels(&ls, &a, s);
    if (s->what->kind == PEL_INSTRUMENT_HISTOGRAM)
        sink->real_histogram(sink, &ls, &h);
    else
        sink->real(sink, &ls, h.sum);
    pel_arena_reset(&a);
}

/* Another kind, or other bounds, under the name of the instrument before: since a reload, which
 * has changed the app. A name can be exported with one meaning only. */
static bool is_contradiction(const struct source *s, const struct source *before)
{
    return before && strncmp(s->what->name, before->what->name, sizeof(s->what->name)) == 0 &&
           by_instrument(s->what, before->what) != 0;
}

static void tell(struct pel_sink *sink, const struct source *all, size_t n)
{
    /* Sinks refer to the info of a family until the next one begins, or the end. */
    static struct pel_metric_info infos[PEL_INSTRUMENT_N];
    const struct source *family = NULL;
    size_t n_families = 0, more;

    for (size_t i = 0; i < n; i += more) {
        const struct source *s = &all[i];

        for (more = 1; i + more < n && by_set(s, s + more) == 0; more++)
            ;
        if (is_contradiction(s, family))
            continue;
        if (!family || by_instrument(s->what, family->what) != 0) {
            if (n_families == PEL_ARRAY_LEN(infos))
                return;
            family = s;
            infos[n_families] = (struct pel_metric_info){
                s->what->kind == PEL_INSTRUMENT_HISTOGRAM ? PEL_METRIC_KIND_HISTOGRAM
                                                          : PEL_METRIC_KIND_COUNTER,
                s->what->unit, s->what->name, s->what->text};
            sink->family(sink, &infos[n_families++]);
        }
        tell_set(sink, s, more);
    }
}

void pel_instruments_collect(struct pel_sink *sink, struct pel_shm *shm)
{
    struct pel_buf found;
    size_t n;

    pel_buf_init(&found);
    for (unsigned i = 0; i < shm->header->n_slots; i++) {
        const struct pel_shm_slot *slot = pel_shm_slot(shm, i);

        if (pel_shm_slot_is_used(slot))
            find_in(&slot->instruments, &found);
    }
    n = found.len / sizeof(struct source);
    if (n) {
        qsort(found.p, n, sizeof(struct source), compare);
        tell(sink, (const struct source *)(const void *)found.p, n);
    }
    pel_buf_fini(&found);
}
