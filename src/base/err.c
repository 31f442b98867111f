#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "pellucid/err.h"

/* Data in a text may hold anything; the text stays one line. */
static void clean(struct pel_err *err)
{
    for (char *p = err->text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
}

int pel_err_set(struct pel_err *err, const char *fmt, ...)
{
    va_list ap;

    if (!err)
        return -1;
    va_start(ap, fmt);
    vsnprintf(err->text, sizeof(err->text), fmt, ap);
    va_end(ap);
    clean(err);
    return -1;
}

int pel_err_sys(struct pel_err *err, const char *fmt, ...)
{
    int saved = errno;
    va_list ap;
    int len;

    if (!err)
        return -1;
    va_start(ap, fmt);
    len = vsnprintf(err->text, sizeof(err->text), fmt, ap);
    va_end(ap);
    if (len >= 0 && (size_t)len < sizeof(err->text))
        snprintf(err->text + len, sizeof(err->text) - (size_t)len, ": %s", strerror(saved));
    clean(err);
    errno = saved;
    return -1;
}
