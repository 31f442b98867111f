#include <stdlib.h>

#include "pellucid/time.h"
#include "transport.h"

#define GIVE_UP_NS (300 * PEL_NS_PER_SEC)
#define BACKOFF_FIRST_MS 1000
#define BACKOFF_MAX_MS 30000
#define RETRY_AFTER_MAX_S 300

/* Half to one and a half times the mean, so that many servers do not come back at once. */
static uint64_t backoff_ms(unsigned n_tries)
{
    uint64_t ms = BACKOFF_FIRST_MS;

    for (unsigned i = 1; i < n_tries && ms < BACKOFF_MAX_MS; i++)
        ms += ms / 2;
    if (ms > BACKOFF_MAX_MS)
        ms = BACKOFF_MAX_MS;
    return ms / 2 + (uint64_t)random() % (ms + 1);
}

uint64_t pel_retry_time(const struct pel_post *post, unsigned n_tries, uint64_t now_ns)
{
    int64_t asked_s =
        post->retry_after_s < RETRY_AFTER_MAX_S ? post->retry_after_s : RETRY_AFTER_MAX_S;
    uint64_t pause_ns = backoff_ms(n_tries) * PEL_NS_PER_MS;
    uint64_t asked_ns = asked_s > 0 ? (uint64_t)asked_s * PEL_NS_PER_SEC : 0;

    return now_ns + (asked_ns > pause_ns ? asked_ns : pause_ns);
}

bool pel_retry_is_over(uint64_t first_ns, uint64_t retry_ns)
{
    return retry_ns - first_ns > GIVE_UP_NS;
}
