#include <stdlib.h>

#include "exemplars.h"
#include "pellucid/mem.h"

struct pel_exemplar_stream {
    char *text;                /* owned: what the key's slices point to */
    struct pel_series_key key; /* of the stream */
    struct pel_exemplar buckets[PEL_DURATION_BUCKETS];
};

static struct pel_series_key key_of(const struct pel_span_entry *e)
{
    struct pel_str route = pel_span_string(e, PEL_SPAN_STR_ROUTE);

    if (route.len > PEL_SHM_ROUTE_LEN)
        route.len = PEL_SHM_ROUTE_LEN;
    return (struct pel_series_key){
        .method = pel_method_bounded(pel_span_string(e, PEL_SPAN_STR_METHOD)),
        .route = route,
        .status = e->status,
        .version_minor = e->version_minor,
        .error = e->error,
        .is_https = (e->flags & PEL_SPAN_IS_HTTPS) != 0,
    };
}

static bool is_equal(const struct pel_series_key *a, const struct pel_series_key *b)
{
    return a->status == b->status && a->version_minor == b->version_minor && a->error == b->error &&
           a->is_https == b->is_https && pel_str_eq(a->method, b->method) &&
           pel_str_eq(a->route, b->route);
}

struct wanted {
    const struct pel_exemplars *exemplars;
    const struct pel_series_key *key;
};

static bool is_it(const void *arg, size_t at)
{
    const struct wanted *w = arg;

    return is_equal(&w->exemplars->items[at].key, w->key);
}

static struct pel_exemplar_stream *find(const struct pel_exemplars *xs,
                                        const struct pel_series_key *key, uint32_t hash)
{
    struct wanted w = {xs, key};
    size_t at = pel_lookup_find(&xs->lookup, hash, is_it, &w);

    return at == SIZE_MAX ? NULL : &xs->items[at];
}

static struct pel_exemplar_stream *add(struct pel_exemplars *xs, const struct pel_series_key *key,
                                       uint32_t hash)
{
    struct pel_exemplar_stream *s;

    if (xs->n == PEL_SHM_SERIES_N)
        return NULL;
    if (xs->n == xs->cap) {
        xs->cap = xs->cap ? xs->cap * 2 : 16;
        xs->items = pel_mem_resize(xs->items, xs->cap, sizeof(*xs->items));
    }
    pel_lookup_add(&xs->lookup, hash, xs->n);
    s = &xs->items[xs->n++];
    *s = (struct pel_exemplar_stream){.key = *key};
    s->text = pel_mem_new(1, key->method.len + key->route.len + 1);
    memcpy(s->text, key->method.p, key->method.len);
    if (key->route.len)
        memcpy(s->text + key->method.len, key->route.p, key->route.len);
    s->key.method.p = s->text;
    s->key.route.p = s->text + key->method.len;
    return s;
}

void pel_exemplars_init(struct pel_exemplars *xs)
{
    *xs = (struct pel_exemplars){.items = NULL};
}

void pel_exemplars_fini(struct pel_exemplars *xs)
{
    for (size_t i = 0; i < xs->n; i++)
        free(xs->items[i].text);
    free(xs->items);
    pel_lookup_fini(&xs->lookup);
    pel_exemplars_init(xs);
}

/* Of the key, likely that of the request before; NULL when there are too many. */
static struct pel_exemplar_stream *find_or_add(struct pel_exemplars *xs,
                                               const struct pel_series_key *key)
{
    struct pel_exemplar_stream *s = xs->latest < xs->n ? &xs->items[xs->latest] : NULL;
    uint32_t hash;

    if (PEL_LIKELY(s && is_equal(&s->key, key)))
        return s;
    hash = pel_series_key_hash(key);
    s = find(xs, key, hash);
    if (!s)
        s = add(xs, key, hash);
    if (s)
        xs->latest = (size_t)(s - xs->items);
    return s;
}

void pel_exemplars_add(struct pel_exemplars *xs, const struct pel_span_entry *e,
                       uint64_t wall_offset_ns)
{
    uint64_t begin_ns = e->stamp_ns[PEL_STAMP_FIRST_BYTE],
             end_ns = e->stamp_ns[PEL_STAMP_LAST_BYTE];
    struct pel_series_key key = key_of(e);
    struct pel_exemplar_stream *s = find_or_add(xs, &key);
    struct pel_exemplar *x;

    if (!s || end_ns <= begin_ns)
        return;
    x = &s->buckets[pel_duration_bucket(end_ns - begin_ns)];
    x->value = end_ns - begin_ns;
    x->wall_ns = end_ns + wall_offset_ns;
    memcpy(x->trace_id, e->trace_id, sizeof(x->trace_id));
    memcpy(x->span_id, e->span_id, sizeof(x->span_id));
}

const struct pel_exemplar *pel_exemplars_find(const struct pel_exemplars *xs,
                                              const struct pel_shm_series *s)
{
    struct pel_series_key key = pel_series_key(s);
    const struct pel_exemplar_stream *found = find(xs, &key, s->hash);

    return found ? found->buckets : NULL;
}
