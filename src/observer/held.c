#include <stdlib.h>

#include "held.h"
#include "pellucid/mem.h"
#include "pellucid/time.h"

/* Empties the table; the nodes go to on_done, or nowhere. */
static void empty(struct pel_held *h, void (*on_done)(struct pel_held *, struct pel_export_node *))
{
    for (size_t i = 0; i < h->n; i++) {
        struct pel_held_route *r = &h->routes[i];

        for (size_t at = 0; at < PEL_SLOWEST_N && r->slowest[at].node; at++) {
            if (on_done)
                on_done(h, r->slowest[at].node);
            else
                pel_export_node_free(r->slowest[at].node);
        }
        free(r->name);
        *r = (struct pel_held_route){.name = NULL};
    }
    h->n = 0;
    uv_timer_stop(&h->timer);
}

void pel_held_flush(struct pel_held *h)
{
    if (h->n == 0)
        return;
    empty(h, h->on_done);
    h->on_done(h, NULL);
}

static void on_timer(uv_timer_t *timer)
{
    pel_held_flush(timer->data);
}

/* The table belongs to the minute of its first entry. */
static void begin_minute(struct pel_held *h, uint64_t minute)
{
    uint64_t end_ns = (minute + 1) * PEL_SLOWEST_MINUTE_NS + PEL_HELD_GRACE_NS;
    uint64_t now_ns = pel_now_ns();

    h->minute = minute;
    uv_update_time(h->timer.loop);
    uv_timer_start(&h->timer, on_timer, end_ns > now_ns ? (end_ns - now_ns) / PEL_NS_PER_MS + 1 : 0,
                   0);
}

/* NULL when there are too many. */
static struct pel_held_route *find(struct pel_held *h, const char *name)
{
    for (size_t i = 0; i < h->n; i++)
        if (strcmp(h->routes[i].name, name) == 0)
            return &h->routes[i];
    if (h->n == PEL_HELD_ROUTES)
        return NULL;
    h->routes[h->n].name = pel_mem_dup(pel_str(name, strlen(name)));
    return &h->routes[h->n++];
}

static void insert(struct pel_held_route *r, struct pel_export_node *node, uint64_t duration_ns)
{
    size_t at = PEL_SLOWEST_N - 1;

    pel_export_node_free(r->slowest[at].node);
    for (; at > 0 && r->slowest[at - 1].duration_ns < duration_ns; at--)
        r->slowest[at] = r->slowest[at - 1];
    r->slowest[at].node = node;
    r->slowest[at].duration_ns = duration_ns;
}

void pel_held_add(struct pel_held *h, const struct pel_span_entry *e, unsigned slot,
                  uint64_t wall_offset_ns, struct pel_arena *scratch)
{
    uint64_t start_ns = e->stamp_ns[PEL_STAMP_FIRST_BYTE],
             end_ns = e->stamp_ns[PEL_STAMP_LAST_BYTE];
    uint64_t minute = end_ns / PEL_SLOWEST_MINUTE_NS,
             duration_ns = end_ns > start_ns ? end_ns - start_ns : 0;
    struct pel_held_route *r;

    if (end_ns > pel_now_ns())
        return; /* nonsense, which would keep later minutes out */
    if (minute > h->minute)
        pel_held_flush(h);
    if (h->n == 0)
        begin_minute(h, minute);
    r = find(h, pel_encode_name(e, scratch));
    if (r && duration_ns > r->slowest[PEL_SLOWEST_N - 1].duration_ns)
        insert(r, pel_encode_span(e, slot, wall_offset_ns, scratch), duration_ns);
    pel_arena_reset(scratch);
}

void pel_held_start(struct pel_held *h, uv_loop_t *loop)
{
    uv_timer_init(loop, &h->timer);
    h->timer.data = h;
}

void pel_held_stop(struct pel_held *h)
{
    empty(h, NULL);
    uv_close((uv_handle_t *)&h->timer, NULL);
}
