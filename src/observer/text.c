#include <stdio.h>
#include <time.h>

#include "pellucid/escape.h"
#include "pellucid/hex.h"
#include "pellucid/utf8.h"
#include "pellucid/time.h"
#include "text.h"

char *pel_text_utf8(struct pel_arena *a, struct pel_str s)
{
    size_t len = pel_put_utf8_len(s);
    char *out = pel_arena_alloc(a, len + 1);

    *pel_put_utf8(out, s, len) = '\0';
    return out;
}

char *pel_text_printable(struct pel_arena *a, struct pel_str s)
{
    size_t max = s.len * 4 + 16;
    char *out = pel_arena_alloc(a, max);

    out[pel_escape_text(out, max - 1, s)] = '\0';
    return out;
}

static struct pel_str html_entity(char c)
{
    switch (c) {
    case '&':
        return PEL_STR("&amp;");
    case '<':
        return PEL_STR("&lt;");
    case '>':
        return PEL_STR("&gt;");
    case '"':
        return PEL_STR("&quot;");
    case '\'':
        return PEL_STR("&#39;");
    default:
        return PEL_STR_NONE;
    }
}

void pel_text_add_html(struct pel_buf *out, struct pel_str s)
{
    for (size_t i = 0; i < s.len;) {
        struct pel_str entity = html_entity(s.p[i]);
        bool is_control = (unsigned char)s.p[i] < 0x20 && s.p[i] != '\n' && s.p[i] != '\t';
        size_t n = is_control ? 0 : pel_utf8_len(s.p + i, s.len - i);

        if (entity.len)
            pel_buf_add_str(out, entity);
        else if (n)
            pel_buf_add(out, s.p + i, n);
        else
            pel_buf_add_str(out, PEL_STR(PEL_UTF8_REPLACEMENT));
        i += n ? n : 1;
    }
}

void pel_text_add_hex(struct pel_buf *out, const uint8_t *bytes, size_t len)
{
    pel_put_hex(pel_buf_reserve(out, len * 2), bytes, len);
    out->len += len * 2;
}

void pel_text_add_time(struct pel_buf *out, uint64_t wall_ns)
{
    time_t second = (time_t)(wall_ns / PEL_NS_PER_SEC);
    char text[32];
    struct tm tm;

    gmtime_r(&second, &tm);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    pel_buf_addf(out, "%s.%06uZ", text, (unsigned)(wall_ns % PEL_NS_PER_SEC / PEL_NS_PER_US));
}

void pel_text_add_duration(struct pel_buf *out, uint64_t ns)
{
    double seconds = (double)ns / PEL_NS_PER_SEC;

    if (ns < PEL_NS_PER_MS)
        pel_buf_addf(out, "%u us", (unsigned)(ns / PEL_NS_PER_US));
    else if (ns < PEL_NS_PER_SEC)
        pel_buf_addf(out, "%.2f ms", seconds * 1e3);
    else if (seconds < 120)
        pel_buf_addf(out, "%.2f s", seconds);
    else if (seconds < 7200)
        pel_buf_addf(out, "%.0f min", seconds / 60);
    else
        pel_buf_addf(out, "%.0f h", seconds / 3600);
}
