#include "pellucid/exception.h"
#include "pellucid/time.h"

#include "probes.h"

#define OVERFLOW_INDEX (PEL_SHM_EXCEPTIONS_N - 1)
#define READ_TRIES 100

_Static_assert(PEL_SHM_NAME_LEN <= UINT8_MAX && PEL_SHM_ROUTE_LEN <= UINT8_MAX,
               "lengths of names fit a byte");

/* Writes s into room, or "..." and its end; returns the length. */
static size_t put_name(char *room, size_t max, struct pel_str s)
{
    if (s.len > max) {
        memcpy(room, "...", 3);
        memcpy(room + 3, s.p + s.len - (max - 3), max - 3);
        return max;
    }
    if (s.len)
        memcpy(room, s.p, s.len);
    return s.len;
}

/* Writes s into room, or its beginning. */
static size_t put_text(char *room, size_t max, struct pel_str s)
{
    size_t len = s.len < max ? s.len : max;

    if (len)
        memcpy(room, s.p, len);
    return len;
}

/* --- the table --- */

/* What identifies an entry, cut to what it has room for. */
struct key {
    uint32_t line;
    size_t type_len, function_len, file_len;
    char type[PEL_SHM_NAME_LEN], function[PEL_SHM_NAME_LEN], file[PEL_SHM_NAME_LEN];
};

static void make_key(struct key *k, const struct pel_exception *exc)
{
    k->line = exc->line;
    k->type_len = put_name(k->type, sizeof(k->type), exc->type);
    k->function_len = put_name(k->function, sizeof(k->function), exc->function);
    k->file_len = put_name(k->file, sizeof(k->file), exc->file);
}

static bool matches(const struct pel_shm_exception *e, const struct key *k)
{
    return e->line == k->line && e->type_len == k->type_len && e->function_len == k->function_len &&
           e->file_len == k->file_len && memcmp(e->type, k->type, k->type_len) == 0 &&
           memcmp(e->function, k->function, k->function_len) == 0 &&
           memcmp(e->file, k->file, k->file_len) == 0;
}

static void claim(struct pel_shm_exception *e, const struct key *k)
{
    e->line = k->line;
    e->type_len = (uint8_t)k->type_len;
    e->function_len = (uint8_t)k->function_len;
    e->file_len = (uint8_t)k->file_len;
    memcpy(e->type, k->type, k->type_len);
    memcpy(e->function, k->function, k->function_len);
    memcpy(e->file, k->file, k->file_len);
}

/* The entry of that kind: found, or taken into use; the last one has no names. */
static struct pel_shm_exception *find(struct pel_shm_exception_table *table, const struct key *k)
{
    uint32_t n = pel_exceptions_used(table);

    for (uint32_t i = 0; i < n && i < OVERFLOW_INDEX; i++)
        if (matches(&table->items[i], k))
            return &table->items[i];
    if (n > OVERFLOW_INDEX)
        return &table->items[OVERFLOW_INDEX];
    if (n < OVERFLOW_INDEX)
        claim(&table->items[n], k);
    atomic_store_explicit(&table->n, n + 1, memory_order_release);
    return &table->items[n];
}

/* --- the last one --- */

static void fill_last(struct pel_shm_exception_last *last, const struct pel_record *rec,
                      const struct pel_exception *exc)
{
    struct pel_str route = pel_record_route(rec), method = pel_method_bounded(rec->method);

    last->at_wall_ns = pel_wall_ns();
    memcpy(last->trace_id, rec->trace.trace_id, sizeof(last->trace_id));
    memcpy(last->span_id, rec->trace.span_id, sizeof(last->span_id));
    last->method_len = (uint8_t)put_text(last->method, sizeof(last->method), method);
    last->route_len = (uint8_t)put_name(last->route, sizeof(last->route), route);
    last->message_len = (uint16_t)put_text(last->message, sizeof(last->message), exc->message);
    last->stack_len = (uint16_t)put_name(last->stack, sizeof(last->stack), exc->stack);
}

/* A worker that died in here has left the version odd. */
static void write_last(struct pel_shm_exception *e, const struct pel_record *rec,
                       const struct pel_exception *exc)
{
    uint32_t version = atomic_load_explicit(&e->version, memory_order_relaxed) | 1U;

    atomic_store_explicit(&e->version, version, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    fill_last(&e->last, rec, exc);
    atomic_store_explicit(&e->version, version + 1, memory_order_release);
}

void pel_exception_count(struct pel_probes *ps, const struct pel_record *rec,
                         const struct pel_exception *exc)
{
    struct pel_shm_exception *e;
    struct key key;

    PEL_ASSERT(exc->type.len > 0);
    make_key(&key, exc);
    pthread_mutex_lock(&ps->lock);
    e = find(&ps->slot->exceptions, &key);
    write_last(e, rec, exc);
    atomic_fetch_add_explicit(&e->count, 1, memory_order_relaxed);
    pthread_mutex_unlock(&ps->lock);
}

/* What is copied may be nonsense until it is known that nobody wrote: lengths are made to fit. */
static void bound(struct pel_shm_exception_last *last)
{
    if (last->method_len > sizeof(last->method))
        last->method_len = sizeof(last->method);
    if (last->route_len > sizeof(last->route))
        last->route_len = sizeof(last->route);
    if (last->message_len > sizeof(last->message))
        last->message_len = sizeof(last->message);
    if (last->stack_len > sizeof(last->stack))
        last->stack_len = sizeof(last->stack);
}

bool pel_exception_last(const struct pel_shm_exception *e, struct pel_shm_exception_last *out)
{
    for (int i = 0; i < READ_TRIES; i++) {
        uint32_t version = atomic_load_explicit(&e->version, memory_order_acquire);

        if (version & 1U)
            continue;
        *out = e->last;
        atomic_thread_fence(memory_order_acquire);
        if (atomic_load_explicit(&e->version, memory_order_relaxed) != version)
            continue;
        bound(out);
        return true;
    }
    return false;
}
