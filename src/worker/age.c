#include "age.h"

#include <sys/random.h>

#include "control.h"
#include "pellucid/record.h"

/* Uniform in [0, max], well enough. */
static uint64_t jitter(uint64_t max)
{
    uint64_t bits = 0;

    if (max == 0 || getrandom(&bits, sizeof(bits), 0) != (ssize_t)sizeof(bits))
        return 0;
    return bits % (max + 1);
}

static void on_lifetime(uv_timer_t *timer)
{
    pel_age_want(PEL_CONTAINER_OF(timer, struct pel_age, timer), "max_lifetime");
}

void pel_age_init(struct pel_age *a, struct pel_loop *loop)
{
    const struct pel_conf *conf = loop->conf;
    uint64_t life_ms = (uint64_t)conf->recycle_max_lifetime_ms;

    *a = (struct pel_age){.loop = loop};
    uv_timer_init(&loop->uv, &a->timer);
    if (conf->recycle_max_requests > 0)
        a->limit = (uint64_t)conf->recycle_max_requests +
                   jitter((uint64_t)conf->recycle_max_requests_jitter);
    if (life_ms > 0)
        uv_timer_start(&a->timer, on_lifetime, life_ms + jitter(life_ms / 10), 0);
}

void pel_age_fini(struct pel_age *a)
{
    uv_close((uv_handle_t *)&a->timer, NULL);
}

void pel_age_count(struct pel_age *a, const struct pel_record *rec)
{
    if (PEL_LIKELY(a->limit == 0) || (rec->conf_route && !rec->conf_route->recycle))
        return;
    /* Counted by a thread while the loop sleeps: it shall look. */
    if (atomic_fetch_add_explicit(&a->n, 1, memory_order_relaxed) + 1 == a->limit)
        pel_loop_wake(a->loop);
}

void pel_age_want(struct pel_age *a, const char *reason)
{
    if (a->is_wanted)
        return;
    /* When the supervisor does not read at the moment, the next turn asks again. */
    a->is_wanted = pel_control_send(a->loop->control, PEL_MSG_RECYCLE, reason, -1);
    a->is_old = true;
}
