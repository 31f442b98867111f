#include "pellucid/time.h"
#include "page.h"
#include "status_routes.h"

static const struct {
    const char *key;
    double q;
} quantiles[] = {{"p50", 0.5}, {"p99", 0.99}, {"p999", 0.999}};
#define QUANTILES_N PEL_ARRAY_LEN(quantiles)

/* A route in a stretch of time: what it is now and what it was at the begin, NULL for nothing. */
struct stretch {
    const struct pel_route *now, *before;
    uint64_t len_ns;
};

#define GROWN(s, field) ((s)->now->field - ((s)->before ? (s)->before->field : 0))

static void add_classes(struct pel_json *j, const struct stretch *s)
{
    static const char *const keys[PEL_STATUS_CLASSES] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

    pel_json_open(j, "responses", '{');
    for (size_t i = 0; i < PEL_STATUS_CLASSES; i++)
        if (GROWN(s, classes[i]))
            pel_json_uint(j, keys[i], GROWN(s, classes[i]));
    pel_json_close(j, '}');
}

static void add_durations(struct pel_json *j, const struct stretch *s, uint64_t n)
{
    double qs[QUANTILES_N];
    uint64_t ns[QUANTILES_N], found;

    for (size_t i = 0; i < QUANTILES_N; i++)
        qs[i] = quantiles[i].q;
    found = pel_exp_quantiles(&s->now->durations, s->before ? &s->before->durations : NULL, qs,
                              QUANTILES_N, ns);
    pel_json_open(j, "duration_seconds", '{');
    if (n)
        pel_json_seconds(j, "mean", GROWN(s, sum_ns) / n);
    for (size_t i = 0; i < QUANTILES_N && found; i++)
        pel_json_seconds(j, quantiles[i].key, ns[i]);
    pel_json_close(j, '}');
}

/* Means, so that they add up to that of the duration. */
static void add_phases(struct pel_json *j, const struct stretch *s, uint64_t n)
{
    pel_json_open(j, "phases_seconds", '{');
    for (size_t i = 0; i < PEL_REQUEST_PHASE_N && n; i++)
        pel_json_seconds(j, pel_request_phase_texts[i], GROWN(s, phases_ns[i]) / n);
    pel_json_close(j, '}');
}

static void add_stretch(struct pel_json *j, const char *key, const struct stretch *s)
{
    uint64_t n = GROWN(s, n);

    pel_json_open(j, key, '{');
    pel_json_uint(j, "requests", n);
    pel_json_rate(j, "requests_per_second", n, s->len_ns);
    pel_json_uint(j, "errors", GROWN(s, n_failed));
    add_classes(j, s);
    add_durations(j, s, n);
    add_phases(j, s, n);
    if (n)
        pel_json_seconds(j, "gil_wait_seconds", GROWN(s, gil_wait_ns) / n);
    pel_json_uint(j, "request_bytes", GROWN(s, request_bytes));
    pel_json_uint(j, "response_bytes", GROWN(s, response_bytes));
    pel_json_close(j, '}');
}

static void add_key(struct pel_json *j, const struct pel_route *r)
{
    const struct pel_shm_series *k = r->key;

    if (r->is_overflow) {
        pel_json_null(j, "method");
        pel_json_null(j, "route");
        pel_json_bool(j, "is_overflow", true);
        return;
    }
    pel_json_str(j, "method", pel_series_method(k));
    if (k->route_len)
        pel_json_str(j, "route", pel_series_route(k));
    else
        pel_json_null(j, "route");
}

void pel_status_add_routes(struct pel_json *j, const struct pel_view *v)
{
    uint64_t now_ns = pel_now_ns(), since_ns, started_ns = v->shm->header->started_ns;
    const struct pel_routes *before = pel_window_base(v->window, now_ns, &since_ns);
    struct pel_routes now;

    pel_routes_read(&now, v->shm);
    pel_json_seconds(j, "window_seconds", now_ns - since_ns);
    pel_json_open(j, "routes", '[');
    for (size_t i = 0; i < now.n; i++) {
        const struct pel_route *r = &now.items[i];
        struct stretch recent = {r, pel_routes_find(before, r), now_ns - since_ns};
        struct stretch total = {r, NULL, now_ns - started_ns};

        pel_json_open(j, NULL, '{');
        add_key(j, r);
        add_stretch(j, "recent", &recent);
        add_stretch(j, "total", &total);
        pel_json_close(j, '}');
    }
    pel_json_close(j, ']');
    pel_routes_fini(&now);
}
