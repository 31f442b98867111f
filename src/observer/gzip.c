#include <zlib.h>

#include "gzip.h"

#define LEVEL 3
#define WINDOW_GZIP (15 + 16)
#define MEMORY_LEVEL 8

void pel_gzip(struct pel_buf *out, struct pel_str in)
{
    z_stream z = {.next_in = (Bytef *)in.p, .avail_in = (uInt)in.len};
    size_t bound;
    int rc = deflateInit2(&z, LEVEL, Z_DEFLATED, WINDOW_GZIP, MEMORY_LEVEL, Z_DEFAULT_STRATEGY);

    PEL_ASSERT(rc == Z_OK && in.len <= UINT32_MAX);
    bound = deflateBound(&z, in.len);
    z.next_out = (Bytef *)pel_buf_reserve(out, bound);
    z.avail_out = (uInt)bound;
    rc = deflate(&z, Z_FINISH);
    PEL_ASSERT(rc == Z_STREAM_END);
    out->len += bound - z.avail_out;
    deflateEnd(&z);
}
