#include <stdlib.h>

#include "instruments.h"
#include "pellucid/arena.h"
#include "pellucid/buf.h"

/* A point, and what it was measured with. Copies, but for the numbers: a worker that has gone wrong
 * may write to its table between the check and the use. */
struct source {
    const struct pel_instrument *what; /* in the arena, as are the texts */
    struct pel_str packed;
    struct pel_str series; /* the same where both are one to the sink */
    const struct pel_shm_point *point;
};

struct sources {
    struct pel_buf items; /* struct source */
    struct pel_arena arena;
};

/* --- finding them --- */

/* NULL: there is none, or it is not sound. */
static const struct pel_instrument *copy_instrument(const struct pel_shm_instrument *from,
                                                    struct pel_arena *a)
{
    struct pel_instrument *what;

    if (!atomic_load_explicit(&from->is_used, memory_order_acquire))
        return NULL;
    what = pel_arena_alloc(a, sizeof(*what));
    *what = from->is;
    what->name[sizeof(what->name) - 1] = '\0';
    what->unit[sizeof(what->unit) - 1] = '\0';
    what->text[sizeof(what->text) - 1] = '\0';
    return what->n_bounds <= PEL_INSTRUMENT_BOUNDS_MAX && what->name[0] ? what : NULL;
}

/* False: it is not in use, or not sound. */
static bool copy_point(struct source *out, const struct pel_shm_point *point,
                       const struct pel_instrument *const whats[PEL_INSTRUMENT_N],
                       struct pel_arena *a)
{
    unsigned instrument, packed_len;

    if (!atomic_load_explicit(&point->is_used, memory_order_acquire))
        return false;
    instrument = point->instrument;
    packed_len = point->packed_len;
    if (instrument >= PEL_INSTRUMENT_N || !whats[instrument] || packed_len > PEL_POINT_PACKED_MAX)
        return false;
    *out = (struct source){.what = whats[instrument],
                           .packed = pel_arena_dup(a, pel_str(point->packed, packed_len)),
                           .point = point};
    return true;
}

static const char *key_of(struct pel_arena *a, struct pel_str key)
{
    char *text = pel_arena_alloc(a, key.len + 1);

    memcpy(text, key.p, key.len);
    text[key.len] = '\0';
    return text;
}

static void make_labels(struct pel_labels *ls, struct pel_arena *a, const struct source *s)
{
    struct pel_str packed = s->packed;
    struct pel_attribute from;

    ls->n = 0;
    while (ls->n < PEL_LABELS_MAX && pel_attribute_next(&packed, &from))
        ls->items[ls->n++] = (struct pel_label){.key = key_of(a, from.key),
                                                .type = from.type,
                                                .text = from.text,
                                                .number = from.integer,
                                                .real = from.real};
}

static struct pel_str identify(struct pel_sink *sink, const struct source *s, struct pel_arena *a)
{
    struct pel_labels ls;

    if (!sink->identify)
        return s->packed;
    make_labels(&ls, a, s);
    return sink->identify(sink, &ls, a);
}

/* An overflow is as if the app had measured it with that. */
static struct pel_str overflow_attributes(struct pel_arena *a)
{
    struct pel_attribute is = {
        .type = PEL_ATTRIBUTE_BOOL, .key = PEL_STR(PEL_OVERFLOW_KEY), .integer = 1};
    char room[PEL_ATTRIBUTE_PACKED_MAX];

    return pel_arena_dup(a, pel_str(room, pel_attribute_put(room, 0, &is)));
}

static void find_in(const struct pel_shm_instruments *t, struct pel_sink *sink, struct sources *out)
{
    const struct pel_instrument *whats[PEL_INSTRUMENT_N];
    struct source s;

    for (size_t i = 0; i < PEL_INSTRUMENT_N; i++)
        whats[i] = copy_instrument(&t->instruments[i], &out->arena);
    for (size_t i = 0; i < PEL_POINT_N; i++) {
        if (!copy_point(&s, &t->points[i], whats, &out->arena))
            continue;
        if (pel_point_is_overflow(t, &t->points[i]))
            s.packed = overflow_attributes(&out->arena);
        s.series = identify(sink, &s, &out->arena);
        pel_buf_add(&out->items, (const char *)&s, sizeof(s));
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
        order = (int)a->series.len - (int)b->series.len;
    return order ? order : memcmp(a->series.p, b->series.p, a->series.len);
}

static int compare(const void *a, const void *b)
{
    return by_set(a, b);
}

/* --- telling of them --- */

/* The n sources of one series: of different workers, or of attributes that the sink cannot tell
 * apart. */
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

/* Sinks refer to the info of a family until their end. */
static const struct pel_metric_info *make_info(size_t i, const struct pel_instrument *what)
{
    static struct pel_instrument whats[PEL_INSTRUMENT_N];
    static struct pel_metric_info infos[PEL_INSTRUMENT_N];

    whats[i] = *what;
    infos[i] =
        (struct pel_metric_info){what->kind == PEL_INSTRUMENT_HISTOGRAM ? PEL_METRIC_KIND_HISTOGRAM
                                                                        : PEL_METRIC_KIND_COUNTER,
                                 whats[i].unit, whats[i].name, whats[i].text};
    return &infos[i];
}

/* The families that were told of, by their names to the reader. */
struct told {
    struct pel_str names[PEL_INSTRUMENT_N];
    size_t n;
    struct pel_arena arena;
};

/* Begins the family of an instrument. False where one of its name was told of: since a reload,
 * which has changed the app, it is of another kind, or has other bounds, or is written in another
 * way. A name can be exported with one meaning only. */
static bool begin_family(struct pel_sink *sink, struct told *told,
                         const struct pel_instrument *what)
{
    const struct pel_metric_info *info;
    struct pel_str name;

    if (told->n == PEL_INSTRUMENT_N)
        return false;
    info = make_info(told->n, what);
    name =
        sink->name ? sink->name(sink, info, &told->arena) : pel_str(info->name, strlen(info->name));
    for (size_t i = 0; i < told->n; i++)
        if (pel_str_eq(told->names[i], name))
            return false;
    told->names[told->n++] = name;
    sink->family(sink, info);
    return true;
}

static void tell(struct pel_sink *sink, const struct source *all, size_t n)
{
    const struct source *family = NULL;
    struct told told = {.n = 0};
    bool is_told = false;
    size_t more;

    pel_arena_init(&told.arena);

    for (size_t i = 0; i < n; i += more) {
        const struct source *s = &all[i];

        for (more = 1; i + more < n && by_set(s, s + more) == 0; more++)
            ;
        if (!family || by_instrument(s->what, family->what) != 0) {
            family = s;
            is_told = begin_family(sink, &told, s->what);
        }
        if (is_told)
            tell_set(sink, s, more);
    }
    pel_arena_reset(&told.arena);
}

void pel_instruments_collect(struct pel_sink *sink, struct pel_shm *shm)
{
    struct sources found;
    size_t n;

    pel_buf_init(&found.items);
    pel_arena_init(&found.arena);
    for (unsigned i = 0; i < shm->n_slots; i++) {
        const struct pel_shm_slot *slot = pel_shm_slot(shm, i);

        if (pel_shm_slot_is_used(slot))
            find_in(&slot->instruments, sink, &found);
    }
    n = found.items.len / sizeof(struct source);
    if (n) {
        qsort(found.items.p, n, sizeof(struct source), compare);
        tell(sink, (const struct source *)(const void *)found.items.p, n);
    }
    pel_buf_fini(&found.items);
    pel_arena_reset(&found.arena);
}
