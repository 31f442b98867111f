#include "pellucid/time.h"
#include "window.h"

static struct pel_window_reading *reading_at(const struct pel_window *w, uint64_t i)
{
    return (struct pel_window_reading *)&w->readings[i % PEL_WINDOW_READINGS];
}

void pel_window_take(struct pel_window *w, uint64_t now_ns)
{
    uint64_t n_requests = pel_shm_sum(w->shm, PEL_METRIC_REQUESTS);
    struct pel_window_reading *r;

    if (w->n && reading_at(w, w->n - 1)->n_requests == n_requests) {
        reading_at(w, w->n - 1)->until_ns = now_ns;
        return;
    }
    r = reading_at(w, w->n++);
    pel_routes_fini(&r->routes);
    r->from_ns = r->until_ns = now_ns;
    r->n_requests = n_requests;
    pel_routes_read(&r->routes, w->shm);
}

static void on_timer(uv_timer_t *timer)
{
    pel_window_take(PEL_CONTAINER_OF(timer, struct pel_window, timer), pel_now_ns());
}

const struct pel_routes *pel_window_base(const struct pel_window *w, uint64_t now_ns,
                                         uint64_t *since_ns)
{
    const uint64_t len_ns = PEL_WINDOW_SECONDS * PEL_NS_PER_SEC;
    uint64_t wanted_ns = now_ns > len_ns ? now_ns - len_ns : 0, i = w->n - 1;
    uint64_t oldest = w->n > PEL_WINDOW_READINGS ? w->n - PEL_WINDOW_READINGS : 0;
    const struct pel_window_reading *r;

    while (i > oldest && reading_at(w, i)->from_ns > wanted_ns)
        i--;
    r = reading_at(w, i);
    *since_ns = wanted_ns < r->from_ns ? r->from_ns : wanted_ns;
    if (*since_ns > r->until_ns)
        *since_ns = r->until_ns;
    return &r->routes;
}

void pel_window_start(struct pel_window *w, uv_loop_t *loop, const struct pel_shm *shm)
{
    *w = (struct pel_window){.shm = shm};
    pel_window_take(w, pel_now_ns());
    uv_timer_init(loop, &w->timer);
    uv_timer_start(&w->timer, on_timer, PEL_WINDOW_STEP_MS, PEL_WINDOW_STEP_MS);
}

void pel_window_stop(struct pel_window *w)
{
    uv_close((uv_handle_t *)&w->timer, NULL);
    for (size_t i = 0; i < PEL_WINDOW_READINGS; i++)
        pel_routes_fini(&w->readings[i].routes);
}
