#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "pellucid/err.h"

int pel_err_set(struct pel_err *err, const char *fmt, ...)
{
    va_list ap;

    if (!err)
        return -1;
    va_start(ap, fmt);
    vsnprintf(err->text, sizeof(err->text), fmt, ap);
    va_end(ap);
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
    errno = saved;
    return -1;
}
