/*
 * cputime - the CPU that an app used on its thread, between two moments whose wall time is known.
 *
 * Reading CLOCK_THREAD_CPUTIME_ID is a system call of 0.6 to 0.8 us, as long as a fast app runs, so
 * it is read seldom, and what is not known is said: of each request there is a CPU time that is
 * never too low, and by how much it may be too high (struct pel_spent).
 *  - A piece of less than PEL_CPUTIME_SHORT_NS counts as if all of it had been CPU.
 *  - At the end of a longer one the clock is read. How it stood at its beginning is known from the
 *    last look, which is never older than PEL_CPUTIME_LOOK_NS: what the thread did in between, no
 *    more than that, is the uncertainty.
 * So a request after a pause of the thread, or after a long one, has its exact CPU time.
 *
 * One struct pel_cputime a thread, which alone uses it.
 */
#ifndef PELLUCID_CPUTIME_H
#define PELLUCID_CPUTIME_H

#include "pellucid/record.h"
#include "pellucid/time.h"

#define PEL_CPUTIME_SHORT_NS (200 * PEL_NS_PER_US)
#define PEL_CPUTIME_LOOK_NS (500 * PEL_NS_PER_US)

/* The last look at the thread's clock. Begins with zeros. */
struct pel_cputime {
    uint64_t wall_ns, cpu_ns;
};

/* Use the inline functions. */
void pel_cputime_look(struct pel_cputime *t, uint64_t now_ns);
void pel_cputime_add(struct pel_cputime *t, struct pel_spent *spent, uint64_t start_ns,
                     uint64_t now_ns);

/* The app is about to run; now_ns is this moment. */
static inline void pel_cputime_enter(struct pel_cputime *t, uint64_t now_ns)
{
    if (PEL_UNLIKELY(now_ns - t->wall_ns > PEL_CPUTIME_LOOK_NS))
        pel_cputime_look(t, now_ns);
}

/* It has run from start_ns until now. */
static inline void pel_cputime_leave(struct pel_cputime *t, struct pel_spent *spent,
                                     uint64_t start_ns, uint64_t now_ns)
{
    uint64_t wall_ns = now_ns - start_ns;

    if (PEL_LIKELY(wall_ns < PEL_CPUTIME_SHORT_NS)) {
        spent->cpu_ns += wall_ns;
        spent->cpu_slack_ns += wall_ns;
    } else {
        pel_cputime_add(t, spent, start_ns, now_ns);
    }
}

/* The same of an app that goes on: t stays as it is. */
static inline void pel_cputime_peek(const struct pel_cputime *t, struct pel_spent *spent,
                                    uint64_t start_ns, uint64_t now_ns)
{
    struct pel_cputime copy = *t;

    pel_cputime_leave(&copy, spent, start_ns, now_ns);
}

/* Is the CPU time known to a tenth, and any? Only then it is shown as what it is. */
static inline bool pel_cputime_is_known(const struct pel_spent *spent)
{
    return spent->cpu_ns && spent->cpu_slack_ns <= spent->cpu_ns / 10;
}

#endif
