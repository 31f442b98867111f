#include <stdlib.h>

#include "pellucid/log.h"

void pel_bug(const char *file, int line, const char *func, const char *what)
{
    pel_log(PEL_LOG_BUG, "bug at %s:%d (%s): %s", file, line, func, what);
    abort();
}

bool pel_str_ieq(struct pel_str a, struct pel_str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        unsigned char x = (unsigned char)a.p[i], y = (unsigned char)b.p[i];

        if (x >= 'A' && x <= 'Z')
            x |= 0x20;
        if (y >= 'A' && y <= 'Z')
            y |= 0x20;
        if (x != y)
            return false;
    }
    return true;
}
