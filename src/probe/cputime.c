#include "pellucid/cputime.h"

void pel_cputime_look(struct pel_cputime *t, uint64_t now_ns)
{
    t->cpu_ns = pel_clock_ns(CLOCK_THREAD_CPUTIME_ID);
    t->wall_ns = now_ns;
}

void pel_cputime_add(struct pel_cputime *t, struct pel_spent *spent, uint64_t start_ns,
                     uint64_t now_ns)
{
    uint64_t wall_ns = now_ns - start_ns, looked_cpu_ns = t->cpu_ns;
    uint64_t before_ns = start_ns > t->wall_ns ? start_ns - t->wall_ns : 0;
    uint64_t most_ns, least_ns;

    pel_cputime_look(t, now_ns);
    most_ns = t->cpu_ns - looked_cpu_ns;
    least_ns = most_ns > before_ns ? most_ns - before_ns : 0;
    most_ns = most_ns < wall_ns ? most_ns : wall_ns;
    spent->cpu_ns += most_ns;
    spent->cpu_slack_ns += most_ns > least_ns ? most_ns - least_ns : 0;
}
