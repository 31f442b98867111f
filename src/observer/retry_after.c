#include <curl/curl.h>
#include <stdio.h>

#include "transport.h"

int64_t pel_retry_after_parse(const char *text, size_t len, int64_t now_wall_s)
{
    char date[64];
    int64_t seconds = 0;
    size_t i = 0;
    time_t at;

    while (len && (*text == ' ' || *text == '\t'))
        text++, len--;
    while (len && (text[len - 1] == '\r' || text[len - 1] == '\n' || text[len - 1] == ' '))
        len--;
    for (; i < len && i < 9 && text[i] >= '0' && text[i] <= '9'; i++)
        seconds = seconds * 10 + (text[i] - '0');
    if (len && i == len)
        return seconds;
    if (len == 0 || len >= sizeof(date))
        return -1;
    memcpy(date, text, len);
    date[len] = '\0';
    at = curl_getdate(date, NULL);
    if (at == (time_t)-1)
        return -1;
    return at > now_wall_s ? (int64_t)at - now_wall_s : 0;
}
