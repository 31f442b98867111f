/*
 * chunked - any bytes as a chunked body with its trailers, and whatever follows; split as in
 * request.c.
 */
#include "fuzz.h"
#include "split.h"

static const struct pel_conf conf = {
    .http_max_header_size_bytes = 256,
    .http_max_headers = 8,
    .http_max_request_line_bytes = 96,
    .http_max_body_size_bytes = 100000,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct pel_buf b;

    pel_buf_init(&b);
    pel_buf_add_str(&b, PEL_STR("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"));
    pel_buf_add(&b, data, len);
    split_check(&conf, pel_str(b.p, b.len));
    pel_buf_fini(&b);
    return 0;
}
