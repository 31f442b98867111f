/*
 * split - parses bytes in several ways and compares the transcripts.
 */
#ifndef PELLUCID_FUZZ_SPLIT_H
#define PELLUCID_FUZZ_SPLIT_H

#include "../unit/http/transcript.h"

/* Pieces of 1 to max_piece bytes, drawn from the bytes themselves so that an input replays. */
static inline void split_feed(struct transcript *t, struct pel_str bytes, size_t max_piece)
{
    uint64_t seed = bytes.len;

    for (size_t i = 0; i < bytes.len; i++)
        seed = (seed ^ (unsigned char)bytes.p[i]) * UINT64_C(0x100000001b3);
    for (size_t i = 0, n; i < bytes.len; i += n) {
        seed = seed * UINT64_C(6364136223846793005) + 1;
        n = 1 + (seed >> 33) % max_piece;
        n = n < bytes.len - i ? n : bytes.len - i;
        transcript_feed(t, bytes.p + i, n);
    }
}

static inline void split_check(const struct pel_conf *conf, struct pel_str bytes)
{
    static const size_t max_pieces[] = {1, 3, 40, 300};
    struct transcript whole, split;

    transcript_init(&whole, conf);
    transcript_feed(&whole, bytes.p, bytes.len);
    for (size_t i = 0; i < PEL_ARRAY_LEN(max_pieces); i++) {
        transcript_init(&split, conf);
        split_feed(&split, bytes, max_pieces[i]);
        PEL_ASSERT(pel_str_eq(pel_str(whole.text.p, whole.text.len),
                              pel_str(split.text.p, split.text.len)));
        PEL_ASSERT(pel_str_eq(pel_str(whole.body.p, whole.body.len),
                              pel_str(split.body.p, split.body.len)));
        PEL_ASSERT(whole.is_over || pel_http_parser_is_started(whole.parser) ==
                                        pel_http_parser_is_started(split.parser));
        transcript_fini(&split);
    }
    transcript_fini(&whole);
}

#endif
