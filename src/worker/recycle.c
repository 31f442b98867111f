#include "recycle.h"

#include <sys/random.h>

#include "control.h"
#include "pellucid/log.h"
#include "pellucid/record.h"

/* Uniform in [0, max], well enough. */
static uint64_t jitter(uint64_t max)
{
    uint64_t bits = 0;

    if (max == 0 || getrandom(&bits, sizeof(bits), 0) != (ssize_t)sizeof(bits))
        return 0;
    return bits % (max + 1);
}

static void on_age(uv_timer_t *timer)
{
    pel_recycle_want(PEL_CONTAINER_OF(timer, struct pel_recycle, timer), "max_lifetime");
}

void pel_recycle_init(struct pel_recycle *r, struct pel_loop *loop)
{
    const struct pel_conf *conf = loop->conf;
    uint64_t life_ms = (uint64_t)conf->recycle_max_lifetime_ms;

    *r = (struct pel_recycle){.loop = loop};
    uv_timer_init(&loop->uv, &r->timer);
    if (conf->recycle_max_requests > 0)
        r->limit = (uint64_t)conf->recycle_max_requests +
                   jitter((uint64_t)conf->recycle_max_requests_jitter);
    if (life_ms > 0)
        uv_timer_start(&r->timer, on_age, life_ms + jitter(life_ms / 10), 0);
}

void pel_recycle_fini(struct pel_recycle *r)
{
    uv_close((uv_handle_t *)&r->timer, NULL);
}

void pel_recycle_count(struct pel_recycle *r, const struct pel_record *rec)
{
    if (PEL_LIKELY(r->limit == 0) || (rec->conf_route && !rec->conf_route->recycle))
        return;
    /* Counted by a thread while the loop sleeps: it shall look. */
    if (atomic_fetch_add_explicit(&r->n, 1, memory_order_relaxed) + 1 == r->limit)
        pel_loop_wake(r->loop);
}

void pel_recycle_want(struct pel_recycle *r, const char *reason)
{
    if (r->is_wanted)
        return;
    r->is_wanted = true;
    pel_control_send(r->loop->control, PEL_MSG_RECYCLE, reason, -1);
}
