#include <inttypes.h>
#include <stdio.h>

#include "exposition_sink.h"
#include "pellucid/time.h"

static const char *const types[] = {
    [PEL_METRIC_KIND_COUNTER] = "counter",
    [PEL_METRIC_KIND_UPDOWN] = "gauge",
    [PEL_METRIC_KIND_GAUGE] = "gauge",
    [PEL_METRIC_KIND_HISTOGRAM] = "histogram",
};

static void begin_family(struct pel_sink *sink, const struct pel_metric_info *info)
{
    struct pel_exposition_sink *s = PEL_CONTAINER_OF(sink, struct pel_exposition_sink, sink);

    s->formatted = NULL;
    pel_exposition_family(s->e, info->name, info->unit, types[info->kind], info->text);
}

static void add_point(struct pel_sink *sink, const struct pel_labels *ls, uint64_t value)
{
    struct pel_exposition_sink *s = PEL_CONTAINER_OF(sink, struct pel_exposition_sink, sink);

    pel_exposition_begin(s->e, "");
    pel_exposition_labels(s->e, ls->items, ls->n);
    pel_exposition_value(s->e, value);
}

/* A bound as clients expect it: 0.005, 2.5, 10. OpenMetrics wants floats. */
static void format_bound(char out[PEL_BOUND_LEN], uint64_t bound, bool is_ns, bool is_openmetrics)
{
    if (is_ns)
        snprintf(out, PEL_BOUND_LEN, "%g", (double)bound / PEL_NS_PER_SEC);
    else
        snprintf(out, PEL_BOUND_LEN, "%" PRIu64, bound);
    if (is_openmetrics && !strchr(out, '.'))
        strcat(out, ".0");
}

/* The bounds are the same for all of a family. */
static void format_bounds(struct pel_exposition_sink *s, const struct pel_histogram *h, bool is_ns)
{
    if (s->formatted == h->bounds)
        return;
    PEL_ASSERT(h->n_bounds < PEL_ARRAY_LEN(s->bounds));
    for (size_t i = 0; i < h->n_bounds; i++)
        format_bound(s->bounds[i], h->bounds[i], is_ns, s->e->is_openmetrics);
    strcpy(s->bounds[h->n_bounds], "+Inf");
    s->formatted = h->bounds;
}

/* OpenMetrics wants floats. */
static void format_real(char out[32], double bound, bool is_openmetrics)
{
    snprintf(out, 24, "%.15g", bound);
    if (is_openmetrics && !strpbrk(out, ".e"))
        strcat(out, ".0");
}

/* One line of a histogram; the labels were rendered once. */
static void begin_line(struct pel_exposition_sink *s, const char *suffix)
{
    pel_exposition_begin(s->e, suffix);
    pel_exposition_rendered(s->e, pel_str(s->labels.p, s->labels.len));
}

static void add_buckets(struct pel_exposition_sink *s, const struct pel_histogram *h, bool is_ns)
{
    uint64_t n = 0;

    format_bounds(s, h, is_ns);
    for (size_t i = 0; i <= h->n_bounds; i++) {
        n += h->counts[i];
        begin_line(s, "_bucket");
        pel_exposition_bound(s->e, s->bounds[i]);
        pel_exposition_value(s->e, n);
        if (h->exemplars)
            pel_exposition_exemplar(s->e, &h->exemplars[i], is_ns);
    }
    begin_line(s, "_count");
    pel_exposition_value(s->e, n);
}

static void add_histogram(struct pel_sink *sink, const struct pel_labels *ls,
                          const struct pel_histogram *h)
{
    struct pel_exposition_sink *s = PEL_CONTAINER_OF(sink, struct pel_exposition_sink, sink);
    struct pel_exposition renderer = {.out = &s->labels};
    bool is_ns = s->e->is_ns;

    pel_buf_clear(&s->labels);
    pel_exposition_labels(&renderer, ls->items, ls->n);
    s->e->is_ns = false; /* counts are none */
    add_buckets(s, h, is_ns);
    s->e->is_ns = is_ns;
    begin_line(s, "_sum");
    pel_exposition_value(s->e, h->sum);
}

static void add_real(struct pel_sink *sink, const struct pel_labels *ls, double value)
{
    struct pel_exposition_sink *s = PEL_CONTAINER_OF(sink, struct pel_exposition_sink, sink);

    pel_exposition_begin(s->e, "");
    pel_exposition_labels(s->e, ls->items, ls->n);
    pel_exposition_real(s->e, value);
}

static void add_real_histogram(struct pel_sink *sink, const struct pel_labels *ls,
                               const struct pel_real_histogram *h)
{
    struct pel_exposition_sink *s = PEL_CONTAINER_OF(sink, struct pel_exposition_sink, sink);
    struct pel_exposition renderer = {.out = &s->labels};
    char bound[32];
    uint64_t n = 0;

    pel_buf_clear(&s->labels);
    pel_exposition_labels(&renderer, ls->items, ls->n);
    for (size_t i = 0; i <= h->n_bounds; i++) {
        n += h->counts[i];
        if (i == h->n_bounds)
            snprintf(bound, sizeof(bound), "+Inf");
        else
            format_real(bound, h->bounds[i], s->e->is_openmetrics);
        begin_line(s, "_bucket");
        pel_exposition_bound(s->e, bound);
        pel_exposition_value(s->e, n);
    }
    begin_line(s, "_count");
    pel_exposition_value(s->e, n);
    begin_line(s, "_sum");
    pel_exposition_real(s->e, h->sum);
}

/* The labels in an order of their own, so that the same ones are the same text. */
static struct pel_str identify(struct pel_sink *sink, const struct pel_labels *ls,
                               struct pel_arena *a)
{
    struct pel_exposition_sink *s = PEL_CONTAINER_OF(sink, struct pel_exposition_sink, sink);
    struct pel_exposition renderer = {.out = &s->labels};
    struct pel_labels sorted = *ls;

    pel_exposition_sort(&sorted);
    pel_buf_clear(&s->labels);
    pel_exposition_labels(&renderer, sorted.items, sorted.n);
    return pel_arena_dup(a, pel_str(s->labels.p, s->labels.len));
}

static struct pel_str name_family(struct pel_sink *sink, const struct pel_metric_info *info,
                                  struct pel_arena *a)
{
    char name[PEL_EXPOSITION_NAME_LEN];

    pel_exposition_name(name, info->name, info->unit, types[info->kind]);
    return pel_arena_dup(a, pel_str(name, strlen(name)));
}

void pel_exposition_sink_init(struct pel_exposition_sink *s, struct pel_exposition *e)
{
    *s = (struct pel_exposition_sink){
        .sink = {begin_family, add_point, add_histogram, add_real, add_real_histogram, identify,
                 name_family, false},
        .e = e,
    };
    pel_buf_init(&s->labels);
}

void pel_exposition_sink_fini(struct pel_exposition_sink *s)
{
    pel_buf_fini(&s->labels);
}
