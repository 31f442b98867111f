#include "http/field.h"
#include "pellucid/hex.h"

/* Fields that would be taken for part of the head or the framing (RFC 9110 6.5.1). */
static bool is_refused(struct pel_str name)
{
    return pel_field_kind(name) != PEL_KIND_PLAIN || pel_str_ieq(name, PEL_STR("host")) ||
           pel_str_ieq(name, PEL_STR("trailer")) || pel_str_ieq(name, PEL_STR("content-type")) ||
           pel_str_ieq(name, PEL_STR("content-encoding")) ||
           pel_str_ieq(name, PEL_STR("content-range")) || pel_str_ieq(name, PEL_STR("set-cookie"));
}

size_t pel_chunk_head(char out[PEL_CHUNK_HEAD_MAX], size_t len)
{
    size_t n = 1;

    while (n < 16 && len >> (4 * n))
        n++;
    for (size_t i = n; i > 0; i--, len >>= 4)
        out[i - 1] = pel_hex_digit(len & 15);
    out[n] = '\r';
    out[n + 1] = '\n';
    return n + 2;
}

int pel_trailer_check(const struct pel_field *f, struct pel_err *err)
{
    if (pel_field_check(f, err) < 0)
        return -1;
    if (is_refused(f->name))
        return pel_err_set(err, "'%.*s' may not be a trailer field", (int)f->name.len, f->name.p);
    return 0;
}

int pel_chunk_end(struct pel_buf *out, const struct pel_field *trailers, size_t n,
                  struct pel_err *err)
{
    size_t before = out->len;

    pel_buf_add_str(out, PEL_STR("0\r\n"));
    for (size_t i = 0; i < n; i++) {
        const struct pel_field *f = &trailers[i];

        if (pel_trailer_check(f, err) < 0) {
            out->len = before;
            return -1;
        }
        out->len = (size_t)(pel_field_put(pel_buf_reserve(out, pel_field_room(f)), f) - out->p);
    }
    pel_buf_add_str(out, PEL_STR("\r\n"));
    return 0;
}
