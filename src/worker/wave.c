#include "wave.h"

#include "conn.h"
#include "h1.h"

void pel_wave_init(struct pel_wave *w)
{
    memset(w, 0, offsetof(struct pel_wave, buf));
    pel_list_init(&w->late);
    pel_list_init(&w->kept);
}

static bool has_room(const struct pel_loop *loop)
{
    return loop->n_fresh + loop->wave.n_arrivals < PEL_WAVE_FOUND_MAX;
}

/* The kernel tells of sockets in an order in which those that are served stay before those that are
 * not, so that the latter are remembered. */
bool pel_wave_has_place(struct pel_conn *c)
{
    struct pel_loop *loop = c->loop;

    if (PEL_LIKELY(has_room(loop) && pel_list_is_empty(&loop->wave.late)))
        return true;
    if (pel_list_is_empty(&c->late))
        pel_list_push_tail(&loop->wave.late, &c->late);
    return false;
}

void pel_wave_read_late(struct pel_loop *loop)
{
    struct pel_list *node;

    if (PEL_LIKELY(pel_list_is_empty(&loop->wave.late)))
        return;
    pel_loop_tick(loop);
    while (has_room(loop) && (node = pel_list_pop(&loop->wave.late)))
        pel_conn_read(PEL_CONTAINER_OF(node, struct pel_conn, late));
}

char *pel_wave_room(struct pel_loop *loop)
{
    struct pel_wave *w = &loop->wave;

    if (w->buf_len > sizeof(w->buf) - PEL_READ_LEN || w->n_arrivals == PEL_WAVE_FOUND_MAX)
        pel_wave_parse(loop);
    return w->buf + w->buf_len;
}

void pel_wave_arrive(struct pel_conn *c, size_t len)
{
    struct pel_wave *w = &c->loop->wave;

    w->arrivals[w->n_arrivals++] = (struct pel_arrival){c, (uint32_t)w->buf_len, (uint32_t)len};
    w->buf_len += len;
    c->has_arrived = true;
}

void pel_wave_parse(struct pel_loop *loop)
{
    struct pel_wave *w = &loop->wave;

    for (size_t i = 0; i < w->n_arrivals; i++) {
        struct pel_arrival *a = &w->arrivals[i];

        a->conn->has_arrived = false;
        pel_conn_take(a->conn, w->buf + a->at, a->len);
    }
    w->n_arrivals = w->buf_len = 0;
}

void pel_wave_admit(struct pel_h1 *h1)
{
    const struct pel_loop *loop = h1->conn->loop;

    h1->may_be_kept =
        loop->wave.trust >= PEL_WAVE_TRUST && (loop->n_ready > 0 || loop->wave.n_kept > 0);
}

static void lower_trust(struct pel_wave *w, uint64_t by)
{
    w->trust -= by < PEL_WAVE_DEBT_MAX ? (int32_t)by : PEL_WAVE_DEBT_MAX;
    if (w->trust < -PEL_WAVE_DEBT_MAX)
        w->trust = -PEL_WAVE_DEBT_MAX;
}

void pel_wave_distrust(struct pel_loop *loop)
{
    lower_trust(&loop->wave, PEL_WAVE_TRUST);
    pel_wave_send(loop);
}

bool pel_wave_note(const struct pel_h1 *h1)
{
    struct pel_wave *w = &h1->conn->loop->wave;
    const uint64_t *ns = h1->rq.rec.stamp_ns;
    uint64_t app_ns = ns[PEL_STAMP_APP_END] - ns[PEL_STAMP_APP_START];
    uint64_t quick_ns = h1->is_kept ? PEL_WAVE_QUICK_NS : 2 * PEL_WAVE_QUICK_NS;

    if (ns[PEL_STAMP_APP_START] == 0 || ns[PEL_STAMP_APP_END] < ns[PEL_STAMP_APP_START])
        return false; /* no app has run */
    if (app_ns > quick_ns) {
        lower_trust(w, PEL_WAVE_FINE * (app_ns / quick_ns));
        return true;
    }
    if (w->trust < PEL_WAVE_TRUST_MAX)
        w->trust++;
    return false;
}

void pel_wave_keep(struct pel_h1 *h1)
{
    struct pel_loop *loop = h1->conn->loop;

    pel_list_push_tail(&loop->wave.kept, &h1->rq.ready);
    if (++loop->wave.n_kept == PEL_WAVE_MAX)
        pel_wave_send(loop);
}

static struct pel_h1 *h1_of(struct pel_list *node)
{
    return pel_h1_of(PEL_CONTAINER_OF(node, struct pel_request, ready));
}

void pel_wave_send(struct pel_loop *loop)
{
    struct pel_list sent, *node;

    pel_list_init(&sent);
    while ((node = pel_list_pop(&loop->wave.kept))) {
        pel_h1_send_kept(h1_of(node));
        pel_list_push_tail(&sent, node);
    }
    loop->wave.n_kept = 0;
    while ((node = pel_list_pop(&sent)))
        pel_conn_conclude(h1_of(node)->conn);
}
