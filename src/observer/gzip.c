#include <isa-l/igzip_lib.h>

#include "gzip.h"

/* What does not get smaller is stored: 5 bytes a block of 64 KiB. And head, trailer, and slack for
 * writes of whole words. */
#define BOUND(len) ((len) + (len) / 8192 + 64)

static struct isal_zstream stream;
static uint8_t level_memory[ISAL_DEF_LVL1_MEDIUM];
static struct inflate_state inflated;

void pel_gzip(struct pel_buf *out, struct pel_str in)
{
    size_t bound = BOUND(in.len);
    int rc;

    PEL_ASSERT(bound <= UINT32_MAX);
    isal_deflate_stateless_init(&stream);
    stream.level = 1;
    stream.level_buf = level_memory;
    stream.level_buf_size = sizeof(level_memory);
    stream.gzip_flag = IGZIP_GZIP;
    stream.end_of_stream = 1;
    stream.next_in = (uint8_t *)in.p; /* only read */
    stream.avail_in = (uint32_t)in.len;
    stream.next_out = (uint8_t *)pel_buf_reserve(out, bound);
    stream.avail_out = (uint32_t)bound;
    rc = isal_deflate_stateless(&stream);
    PEL_ASSERT(rc == COMP_OK);
    out->len += stream.total_out;
}

bool pel_gunzip(char *out, size_t len, struct pel_str in)
{
    PEL_ASSERT(len <= UINT32_MAX && in.len <= UINT32_MAX);
    isal_inflate_init(&inflated);
    inflated.crc_flag = ISAL_GZIP;
    inflated.next_in = (uint8_t *)in.p; /* only read */
    inflated.avail_in = (uint32_t)in.len;
    inflated.next_out = (uint8_t *)out;
    inflated.avail_out = (uint32_t)len;
    return isal_inflate(&inflated) == ISAL_DECOMP_OK && inflated.block_state == ISAL_BLOCK_FINISH &&
           inflated.total_out == len;
}
