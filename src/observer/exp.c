#include <math.h>
#include <stdlib.h>

#include "exp.h"
#include "pellucid/mem.h"
#include "pellucid/time.h"

void pel_exp_add(struct pel_exp *e, const struct pel_shm_series_table *t,
                 const struct pel_shm_series *s)
{
    e->n_short += atomic_load_explicit(&s->n_short, memory_order_relaxed);
    for (size_t o = 0; o < PEL_EXP_OCTAVES; o++) {
        const struct pel_shm_octave *octave = pel_series_octave(t, s, o);

        if (!octave)
            continue;
        if (!e->octaves[o])
            e->octaves[o] = pel_mem_new(PEL_EXP_WIDTH, sizeof(uint64_t));
        for (size_t i = 0; i < PEL_EXP_WIDTH; i++)
            e->octaves[o][i] += atomic_load_explicit(&octave->buckets[i], memory_order_relaxed);
    }
}

void pel_exp_fini(struct pel_exp *e)
{
    for (size_t o = 0; o < PEL_EXP_OCTAVES; o++)
        free(e->octaves[o]);
    *e = (struct pel_exp){.n_short = 0};
}

uint64_t pel_exp_count(const struct pel_exp *e, size_t bucket)
{
    const uint64_t *octave = e->octaves[bucket / PEL_EXP_WIDTH];

    return octave ? octave[bucket % PEL_EXP_WIDTH] : 0;
}

size_t pel_exp_extent(const struct pel_exp *e, size_t *first)
{
    size_t end = 0;

    for (size_t i = 0; i < (size_t)PEL_EXP_OCTAVES * PEL_EXP_WIDTH; i++) {
        if (!pel_exp_count(e, i))
            continue;
        if (end == 0)
            *first = i;
        end = i + 1;
    }
    return end ? end - *first : 0;
}

static uint64_t grown(uint64_t now, uint64_t before)
{
    return now > before ? now - before : 0;
}

static uint64_t grown_in(const struct pel_exp *now, const struct pel_exp *before, size_t bucket)
{
    return grown(pel_exp_count(now, bucket), before ? pel_exp_count(before, bucket) : 0);
}

/* The geometric middle of a bucket. */
static uint64_t middle_ns(size_t bucket)
{
    double power = PEL_EXP_FIRST + ((double)bucket + 0.5) / PEL_EXP_WIDTH;

    return (uint64_t)(exp2(power) * PEL_NS_PER_SEC);
}

struct scan {
    const double *qs;
    size_t n, at; /* the next quantile to be found */
    uint64_t *out_ns;
    uint64_t total, seen;
};

/* count more durations are of about value_ns. */
static void see(struct scan *s, uint64_t count, uint64_t value_ns)
{
    s->seen += count;
    while (s->at < s->n && (double)s->seen >= s->qs[s->at] * (double)s->total)
        s->out_ns[s->at++] = value_ns;
}

uint64_t pel_exp_quantiles(const struct pel_exp *now, const struct pel_exp *before,
                           const double *qs, size_t n, uint64_t *out_ns)
{
    const size_t n_buckets = (size_t)PEL_EXP_OCTAVES * PEL_EXP_WIDTH;
    uint64_t n_short = grown(now->n_short, before ? before->n_short : 0);
    struct scan s = {qs, n, 0, out_ns, n_short, 0};

    memset(out_ns, 0, n * sizeof(*out_ns));
    for (size_t i = 0; i < n_buckets; i++)
        if (now->octaves[i / PEL_EXP_WIDTH])
            s.total += grown_in(now, before, i);
    if (s.total == 0)
        return 0;
    if (n_short)
        see(&s, n_short, middle_ns(0));
    for (size_t i = 0; i < n_buckets && s.at < n; i++) {
        uint64_t count = now->octaves[i / PEL_EXP_WIDTH] ? grown_in(now, before, i) : 0;

        if (count)
            see(&s, count, middle_ns(i));
    }
    return s.total;
}
