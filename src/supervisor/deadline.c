#include "deadline.h"
#include "pellucid/time.h"

static struct pel_deadline *first(struct pel_deadlines *ds)
{
    if (pel_list_is_empty(&ds->due))
        return NULL;
    return PEL_CONTAINER_OF(ds->due.next, struct pel_deadline, link);
}

static void on_timer(uv_timer_t *timer);

static void arm(struct pel_deadlines *ds)
{
    struct pel_deadline *d = first(ds);
    uint64_t now = pel_now_ns(), wait_ms;

    if (!d) {
        uv_timer_stop(&ds->timer);
        return;
    }
    wait_ms = d->at_ns > now ? (d->at_ns - now + PEL_NS_PER_MS - 1) / PEL_NS_PER_MS : 0;
    uv_update_time(ds->timer.loop);
    uv_timer_start(&ds->timer, on_timer, wait_ms, 0);
}

static void on_timer(uv_timer_t *timer)
{
    struct pel_deadlines *ds = PEL_CONTAINER_OF(timer, struct pel_deadlines, timer);
    uint64_t now = pel_now_ns();

    /* A callback may set or cancel any deadline, so look at the head afresh each time. */
    for (struct pel_deadline *d = first(ds); d && d->at_ns <= now; d = first(ds)) {
        pel_deadline_cancel(d);
        d->fire(d);
    }
    arm(ds);
}

void pel_deadlines_init(struct pel_deadlines *ds, uv_loop_t *loop)
{
    uv_timer_init(loop, &ds->timer);
    pel_list_init(&ds->due);
}

void pel_deadlines_fini(struct pel_deadlines *ds)
{
    uv_close((uv_handle_t *)&ds->timer, NULL);
}

void pel_deadline_init(struct pel_deadline *d, void (*fire)(struct pel_deadline *d))
{
    pel_list_init(&d->link);
    d->at_ns = 0;
    d->fire = fire;
}

void pel_deadline_set(struct pel_deadlines *ds, struct pel_deadline *d, uint64_t after_ns)
{
    struct pel_list *at = &ds->due;

    pel_deadline_cancel(d);
    d->at_ns = pel_now_ns() + after_ns;
    while (at->prev != &ds->due &&
           PEL_CONTAINER_OF(at->prev, struct pel_deadline, link)->at_ns > d->at_ns)
        at = at->prev;
    pel_list_push_tail(at, &d->link); /* in front of the first one that is later */
    arm(ds);
}

void pel_deadline_cancel(struct pel_deadline *d)
{
    pel_list_remove(&d->link);
    d->at_ns = 0;
}
