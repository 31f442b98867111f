#include "pellucid/span.h"

#include "slowest.h"

static void enter_minute(struct pel_slowest *s, uint64_t now_ns)
{
    s->minute = now_ns / PEL_SLOWEST_MINUTE_NS;
    s->minute_end_ns = (s->minute + 1) * PEL_SLOWEST_MINUTE_NS;
}

bool pel_slowest_note(struct pel_slowest *s, size_t stream, uint64_t end_ns, uint64_t duration_ns)
{
    struct pel_slowest_marks *m = &s->marks[stream];
    size_t at = PEL_SLOWEST_N - 1;

    if (PEL_UNLIKELY(end_ns >= s->minute_end_ns))
        enter_minute(s, end_ns);
    if (PEL_UNLIKELY(m->minute != s->minute))
        *m = (struct pel_slowest_marks){.minute = s->minute};
    if (PEL_LIKELY(duration_ns <= m->ns[at]))
        return false;
    for (; at > 0 && m->ns[at - 1] < duration_ns; at--)
        m->ns[at] = m->ns[at - 1];
    m->ns[at] = duration_ns;
    return true;
}
