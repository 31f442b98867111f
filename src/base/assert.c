#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "pellucid/base.h"

void pel_bug(const char *file, int line, const char *func, const char *what)
{
    char text[512];
    int len = snprintf(text, sizeof(text), "pellucid[%d] bug at %s:%d (%s): %s\n", (int)getpid(),
                       file, line, func, what);

    if (len > 0 &&
        write(STDERR_FILENO, text, (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1) < 0)
        abort();
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
