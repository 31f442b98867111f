#include "backoff.h"

uint64_t pel_backoff_next(struct pel_backoff *b, uint64_t now_ns, uint64_t lived_ns)
{
    uint64_t pause_ns = PEL_BACKOFF_FIRST_NS;

    if (b->deaths == 0 || lived_ns >= PEL_BACKOFF_HEALTHY_NS)
        *b = (struct pel_backoff){.deaths = 0, .first_ns = now_ns - lived_ns};
    b->deaths++;
    if (b->deaths == 1)
        return 0;
    for (unsigned i = 2; i < b->deaths && pause_ns < PEL_BACKOFF_MAX_NS; i++)
        pause_ns *= 2;
    return pause_ns < PEL_BACKOFF_MAX_NS ? pause_ns : PEL_BACKOFF_MAX_NS;
}
