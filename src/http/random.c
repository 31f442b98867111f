#include <errno.h>
#include <pthread.h>
#include <sys/random.h>

#include "http/random.h"
#include "pellucid/base.h"

/* How often this process and its ancestors have been the child of a fork, from 1. */
static unsigned generation = 1;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* xoshiro256++ of Blackman and Vigna. */
static _Thread_local struct {
    uint64_t s[4];
    unsigned generation; /* of the seed; 0 = none */
} state;

static void in_child(void)
{
    generation++;
}

static void watch_forks(void)
{
    PEL_ASSERT(pthread_atfork(NULL, NULL, in_child) == 0);
}

static void seed(void)
{
    size_t got = 0;

    PEL_ASSERT(pthread_once(&once, watch_forks) == 0);
    while (got < sizeof(state.s)) {
        ssize_t n = getrandom((char *)state.s + got, sizeof(state.s) - got, 0);

        PEL_ASSERT(n > 0 || errno == EINTR);
        got += n > 0 ? (size_t)n : 0;
    }
    state.s[0] |= 1; /* all zeros would stay zeros */
    state.generation = generation;
}

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

uint64_t pel_random_next(void)
{
    uint64_t *s = state.s, result, shifted;

    if (PEL_UNLIKELY(state.generation != generation))
        seed();
    result = rotate(s[0] + s[3], 23) + s[0];
    shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 45);
    return result;
}
