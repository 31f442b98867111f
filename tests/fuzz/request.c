/*
 * request - any bytes as a stream of requests: parsed at once, byte by byte, and in pieces, they
 * must give the same transcript.
 */
#include "fuzz.h"
#include "split.h"

/* Small enough that inputs reach every limit. */
static const struct pel_conf conf = {
    .http_max_header_size_bytes = 512,
    .http_max_headers = 12,
    .http_max_request_line_bytes = 96,
    .http_max_body_size_bytes = 1000,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    split_check(&conf, pel_str((const char *)data, len));
    return 0;
}
