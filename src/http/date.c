#include <string.h>

#include "http/date.h"

static void put_two(char *out, int n)
{
    out[0] = (char)('0' + n / 10);
    out[1] = (char)('0' + n % 10);
}

/* Not strftime: its names of days and months are those of the app's locale. */
void pel_date_format(char out[PEL_DATE_LEN], time_t t)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct tm tm;

    gmtime_r(&t, &tm);
    memcpy(out, "Www, DD Mmm YYYY HH:MM:SS GMT", PEL_DATE_LEN);
    memcpy(out, days + 3 * tm.tm_wday, 3);
    put_two(out + 5, tm.tm_mday);
    memcpy(out + 8, months + 3 * tm.tm_mon, 3);
    put_two(out + 12, (tm.tm_year + 1900) / 100);
    put_two(out + 14, tm.tm_year % 100);
    put_two(out + 17, tm.tm_hour);
    put_two(out + 20, tm.tm_min);
    put_two(out + 23, tm.tm_sec);
}

const char *pel_date_now(void)
{
    static _Thread_local struct {
        time_t second;
        char text[PEL_DATE_LEN];
    } cache;
    struct timespec now;

    /* The coarse clock is a third of the price, and a tick of delay does no harm. */
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec != cache.second) {
        cache.second = now.tv_sec;
        pel_date_format(cache.text, now.tv_sec);
    }
    return cache.text;
}
