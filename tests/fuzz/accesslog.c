/* Whatever a client sends: the access log stays one line, printable in text, well-formed in JSON.
 */
#include <stdlib.h>

#include "fuzz.h"
#include "pellucid/escape.h"
#include "probe/accesslog.h"

static void check(bool is_right)
{
    if (!is_right)
        abort();
}

/* Takes the next piece of the input, up to a byte 0xfe. */
static struct pel_str next(const uint8_t **data, size_t *len)
{
    const uint8_t *p = *data, *end = *len ? memchr(p, 0xfe, *len) : NULL;
    size_t n = end ? (size_t)(end - p) : *len;

    *data += end ? n + 1 : n;
    *len -= end ? n + 1 : n;
    return pel_str((const char *)p, n);
}

static void check_text(const char *line, size_t len)
{
    for (size_t i = 0; i + 1 < len; i++)
        check(line[i] >= 0x20 && line[i] < 0x7f);
}

/* Strings end where they should, brackets are balanced, all is UTF-8 without control bytes. */
static void check_json(const char *line, size_t len)
{
    bool is_string = false;
    int depth = 0;

    for (size_t i = 0; i + 1 < len;) {
        size_t n = pel_utf8_len(line + i, len - i);

        check(n > 0 && (unsigned char)line[i] >= 0x20);
        if (is_string && line[i] == '\\')
            n = 2;
        else if (line[i] == '"')
            is_string = !is_string;
        else if (!is_string)
            depth += (line[i] == '{') - (line[i] == '}');
        check(depth > 0 || i + 2 == len);
        i += n;
    }
    check(!is_string && depth == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char line[PEL_LOGFILE_LINE_MAX];
    struct pel_accesslog al = {.written_ns = 0};
    struct pel_record rec = {.status = 200, .route_source = PEL_ROUTE_API};
    size_t n;

    rec.method = next(&data, &len);
    rec.path = next(&data, &len);
    rec.query = next(&data, &len);
    rec.host = next(&data, &len);
    rec.client = next(&data, &len);
    rec.referer = next(&data, &len);
    rec.user_agent = next(&data, &len);
    rec.route = next(&data, &len);
    rec.exc_type = next(&data, &len);
    n = pel_accesslog_format_text(&al, line, &rec);
    check(n <= sizeof(line) && line[n - 1] == '\n');
    check_text(line, n);
    n = pel_accesslog_format_json(&al, line, &rec, 1, 2);
    check(n <= sizeof(line) && line[n - 1] == '\n');
    check_json(line, n);
    return 0;
}
