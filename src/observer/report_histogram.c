#include <math.h>

#include "exp.h"
#include "report_histogram.h"

/* Exemplars in the arena; returns how many. */
static size_t make_exemplars(Otlp__Exemplar ***out, const struct pel_histogram *h, double unit,
                             struct pel_arena *a)
{
    size_t n = 0;

    if (!h->exemplars)
        return 0;
    *out = pel_arena_alloc(a, (h->n_bounds + 1) * sizeof(Otlp__Exemplar *));
    for (size_t i = 0; i <= h->n_bounds; i++) {
        const struct pel_exemplar *from = &h->exemplars[i];
        Otlp__Exemplar *x;

        if (from->wall_ns == 0)
            continue;
        x = (*out)[n++] = pel_arena_alloc(a, sizeof(*x));
        otlp__exemplar__init(x);
        x->has_time_unix_nano = x->has_as_double = x->has_span_id = x->has_trace_id = true;
        x->time_unix_nano = from->wall_ns;
        x->as_double = (double)from->value / unit;
        x->span_id = (ProtobufCBinaryData){sizeof(from->span_id), (uint8_t *)from->span_id};
        x->trace_id = (ProtobufCBinaryData){sizeof(from->trace_id), (uint8_t *)from->trace_id};
    }
    return n;
}

void pel_report_real(Otlp__HistogramDataPoint *p, const struct pel_real_histogram *h)
{
    p->has_count = p->has_sum = true;
    p->sum = h->sum;
    p->n_bucket_counts = h->n_bounds + 1;
    p->bucket_counts = (uint64_t *)h->counts; /* only read, as are the bounds */
    p->n_explicit_bounds = h->n_bounds;
    p->explicit_bounds = (double *)h->bounds;
    for (size_t i = 0; i <= h->n_bounds; i++)
        p->count += h->counts[i];
}

void pel_report_explicit(Otlp__HistogramDataPoint *p, const struct pel_histogram *h, double unit,
                         struct pel_arena *a)
{
    double *bounds = pel_arena_alloc(a, h->n_bounds * sizeof(double));
    struct pel_real_histogram real = {bounds, h->counts, h->n_bounds, (double)h->sum / unit};

    for (size_t i = 0; i < h->n_bounds; i++)
        bounds[i] = (double)h->bounds[i] / unit;
    pel_report_real(p, &real);
    p->n_exemplars = make_exemplars(&p->exemplars, h, unit, a);
}

/* The buckets between the first and the last one that have anything; NULL when none has. */
static Otlp__Buckets *make_buckets(const struct pel_exp *e, struct pel_arena *a)
{
    size_t first = 0, n = pel_exp_extent(e, &first);
    Otlp__Buckets *b;

    if (n == 0)
        return NULL;
    b = pel_arena_alloc(a, sizeof(*b));
    otlp__buckets__init(b);
    b->has_offset = true;
    b->offset = PEL_EXP_FIRST * PEL_EXP_WIDTH + (int32_t)first;
    b->n_bucket_counts = n;
    b->bucket_counts = pel_arena_alloc(a, n * sizeof(uint64_t));
    for (size_t i = 0; i < n; i++)
        b->bucket_counts[i] = pel_exp_count(e, first + i);
    return b;
}

void pel_report_exponential(Otlp__ExponentialHistogramDataPoint *p, const struct pel_histogram *h,
                            double unit, struct pel_arena *a)
{
    p->has_count = p->has_sum = p->has_scale = p->has_zero_count = p->has_zero_threshold = true;
    p->sum = (double)h->sum / unit;
    p->scale = PEL_EXP_SCALE;
    p->zero_count = h->exponential->n_short;
    p->zero_threshold = ldexp(1, PEL_EXP_FIRST);
    p->positive = make_buckets(h->exponential, a);
    p->count = p->zero_count;
    for (size_t i = 0; p->positive && i < p->positive->n_bucket_counts; i++)
        p->count += p->positive->bucket_counts[i];
    p->n_exemplars = make_exemplars(&p->exemplars, h, unit, a);
}
