#include <stdlib.h>

#include "exceptions.h"
#include "pellucid/mem.h"

/* Exceptions of one type and place, of one worker or of all. */
struct kind {
    const struct pel_shm_exception *key, *newest; /* key: names; newest: the last one */
    uint64_t count, newest_wall_ns;
};

struct kinds {
    struct kind *items; /* owned */
    size_t n, cap;
};

/* --- reading --- */

static void read_entry(struct kinds *ks, const struct pel_shm_exception *e)
{
    struct kind *to;

    if (ks->n == ks->cap) {
        ks->cap = ks->cap ? ks->cap * 2 : 16;
        ks->items = pel_mem_resize(ks->items, ks->cap, sizeof(*ks->items));
    }
    to = &ks->items[ks->n++];
    to->key = to->newest = e;
    to->count = atomic_load_explicit(&e->count, memory_order_relaxed);
    to->newest_wall_ns = e->last.at_wall_ns; /* only to choose by */
}

static int compare_names(const char *a, size_t a_len, const char *b, size_t b_len)
{
    int d = a_len == b_len ? 0 : a_len < b_len ? -1 : 1;

    return d ? d : memcmp(a, b, a_len);
}

/* An order that puts equal ones side by side, and those that differ only in the file, which is no
 * label; overflow first. */
static int by_key(const void *a, const void *b)
{
    const struct pel_shm_exception *x = ((const struct kind *)a)->key,
                                   *y = ((const struct kind *)b)->key;
    int d;

    if ((d = compare_names(x->type, x->type_len, y->type, y->type_len)) ||
        (d = compare_names(x->function, x->function_len, y->function, y->function_len)) ||
        (d = (x->line > y->line) - (x->line < y->line)))
        return d;
    return compare_names(x->file, x->file_len, y->file, y->file_len);
}

static int by_time(const void *a, const void *b)
{
    uint64_t x = ((const struct kind *)a)->newest_wall_ns,
             y = ((const struct kind *)b)->newest_wall_ns;

    return (x < y) - (x > y);
}

/* Adds equal neighbours up. */
static void merge(struct kinds *ks)
{
    size_t n = 0;

    for (size_t i = 0; i < ks->n; i++) {
        struct kind *from = &ks->items[i], *to = n ? &ks->items[n - 1] : NULL;

        if (!to || by_key(to, from) != 0) {
            ks->items[n++] = *from;
            continue;
        }
        to->count += from->count;
        if (from->newest_wall_ns > to->newest_wall_ns) {
            to->newest = from->newest;
            to->newest_wall_ns = from->newest_wall_ns;
        }
    }
    ks->n = n;
}

/* Freed with free(ks->items). */
static void read_all(struct kinds *ks, struct pel_shm *shm)
{
    *ks = (struct kinds){.items = NULL};
    for (unsigned i = 0; i < shm->n_slots; i++) {
        const struct pel_shm_slot *slot = pel_shm_slot(shm, i);
        uint32_t n = pel_shm_slot_is_used(slot) ? pel_exceptions_used(&slot->exceptions) : 0;

        for (uint32_t at = 0; at < n; at++)
            read_entry(ks, &slot->exceptions.items[at]);
    }
    if (ks->n)
        qsort(ks->items, ks->n, sizeof(*ks->items), by_key);
    merge(ks);
}

static struct pel_str name_of(const char *room, size_t len)
{
    return pel_str(room, len < PEL_SHM_NAME_LEN ? len : PEL_SHM_NAME_LEN);
}

/* --- showing --- */

static void make_labels(struct pel_labels *ls, const struct pel_shm_exception *k)
{
    ls->n = 0;
    if (!k->type_len) {
        pel_labels_overflow(ls);
        return;
    }
    pel_labels_text(ls, "exception.type", name_of(k->type, k->type_len));
    if (k->function_len)
        pel_labels_text(ls, "code.function.name", name_of(k->function, k->function_len));
    if (k->line)
        pel_labels_number(ls, "code.line.number", k->line);
}

/* Two files may have modules of one name: what has the same labels is one series. */
static bool has_labels_of(const struct kind *a, const struct kind *b)
{
    const struct pel_shm_exception *x = a->key, *y = b->key;

    return x->line == y->line && compare_names(x->type, x->type_len, y->type, y->type_len) == 0 &&
           compare_names(x->function, x->function_len, y->function, y->function_len) == 0;
}

void pel_exceptions_collect(struct pel_sink *sink, struct pel_shm *shm)
{
    static const struct pel_metric_info info = {
        PEL_METRIC_KIND_COUNTER,
        "{exception}",
        "pellucid.app.exceptions",
        "Exceptions that the app did not handle, or its framework answered for it, by type and "
        "place.",
    };
    struct pel_labels labels;
    struct kinds ks;
    uint64_t count = 0;

    read_all(&ks, shm);
    sink->family(sink, &info);
    for (size_t i = 0; i < ks.n; i++) {
        count += ks.items[i].count;
        if (i + 1 < ks.n && has_labels_of(&ks.items[i], &ks.items[i + 1]))
            continue;
        make_labels(&labels, ks.items[i].key);
        sink->point(sink, &labels, count);
        count = 0;
    }
    free(ks.items);
}

static void show_last(struct pel_json *j, const struct pel_shm_exception_last *last)
{
    pel_json_time(j, "last", last->at_wall_ns);
    pel_json_str(j, "method", pel_str(last->method, last->method_len));
    pel_json_str(j, "route", pel_str(last->route, last->route_len));
    pel_json_hex(j, "trace_id", last->trace_id, sizeof(last->trace_id));
    pel_json_hex(j, "span_id", last->span_id, sizeof(last->span_id));
    pel_json_str(j, "message", pel_str(last->message, last->message_len));
    pel_json_str(j, "stacktrace", pel_str(last->stack, last->stack_len));
}

static void show_kind(struct pel_json *j, const struct kind *k)
{
    const struct pel_shm_exception *key = k->key;
    struct pel_shm_exception_last last;

    pel_json_open(j, NULL, '{');
    pel_json_str(j, "type", name_of(key->type, key->type_len));
    pel_json_bool(j, "is_overflow", !key->type_len);
    pel_json_str(j, "function", name_of(key->function, key->function_len));
    pel_json_str(j, "file", name_of(key->file, key->file_len));
    pel_json_uint(j, "line", key->line);
    pel_json_uint(j, "count", k->count);
    if (pel_exception_last(k->newest, &last))
        show_last(j, &last);
    pel_json_close(j, '}');
}

void pel_exceptions_show(struct pel_json *j, struct pel_shm *shm)
{
    struct kinds ks;

    read_all(&ks, shm);
    if (ks.n)
        qsort(ks.items, ks.n, sizeof(*ks.items), by_time);
    pel_json_open(j, "errors", '[');
    for (size_t i = 0; i < ks.n; i++)
        show_kind(j, &ks.items[i]);
    pel_json_close(j, ']');
    free(ks.items);
}
