/*
 * parser - inside of struct pel_http_parser, for the files that make up the parser:
 *   parser.c  phases, feeding, the public functions
 *   line.c    the request line, by hand: llhttp knows a fixed list of methods only
 *   fields.c  header and trailer fields: llhttp finds them, they are copied once
 *   head.c    from fields to struct pel_head, with every check that needs the whole head
 *   target.c  the forms of a request-target
 *   body.c    bodies with a length, chunked bodies
 *   trailers.c  the fields behind a chunked body
 */
#ifndef PELLUCID_HTTP_PARSER_H
#define PELLUCID_HTTP_PARSER_H

#include <llhttp.h>

#include "pellucid/http.h"

enum pel_http_phase {
    PEL_PHASE_IDLE = 0, /* nothing but empty lines has come */
    PEL_PHASE_METHOD,
    PEL_PHASE_TARGET,
    PEL_PHASE_VERSION,
    PEL_PHASE_FIELDS,
    PEL_PHASE_LENGTH, /* a body of known length, 0 included */
    PEL_PHASE_CHUNKED,
    PEL_PHASE_TRAILERS,
    PEL_PHASE_END,
    PEL_PHASE_ERROR,
};

/* Where a field stands, counted from the beginning of its section (head or trailers). Offsets,
 * because the section may move while it arrives. */
struct pel_http_span {
    uint32_t name, name_len, value, value_len;
};

struct pel_http_parser {
    const struct pel_conf *conf;
    struct pel_arena *arena; /* of the present message */
    struct pel_head *head;   /* in arena; NULL while its section is incomplete */

    enum pel_http_phase phase;
    bool has_cr;          /* IDLE: a CR awaits its LF */
    uint8_t idle_len;     /* bytes of empty lines skipped */
    uint8_t major, minor; /* of the version */
    uint16_t status;      /* of ERROR */
    uint32_t method_len, target_len;
    const char *reason;

    /* The section that is arriving. What earlier feeds brought is in text; at is the offset of the
     * bytes being fed now. */
    char *text;
    uint32_t text_cap, at;
    const char *fed;
    struct pel_http_span *spans;
    uint32_t n_spans, spans_cap;

    union {
        uint64_t left; /* LENGTH: bytes still to come */
        struct {
            uint64_t body_len;  /* of the chunks announced so far */
            uint64_t chunk_len; /* bytes of framing since the last data */
            uint64_t excess;    /* framing beyond what the data so far allows */
        };
    };
    struct pel_str body;
    const struct pel_header *trailers;
    size_t n_trailers;

    llhttp_t llhttp;
};

/* Ends the message: result of every function that finds a fault. reason is static. */
enum pel_http_result pel_http_fail(struct pel_http_parser *p, uint16_t status, const char *reason);

/* line.c: METHOD, TARGET and VERSION. Reads from *used on and moves it; the phase is FIELDS when
 * the line is complete. */
enum pel_http_result pel_http_line_feed(struct pel_http_parser *p, struct pel_str bytes,
                                        size_t *used);

/* Lets llhttp begin right behind a request line, or behind the head of a chunked message. */
void pel_http_prime(struct pel_http_parser *p, bool is_chunked);

/* fields.c: a section of fields, either a head (its first bytes are the request line) or the
 * trailers. */
void pel_http_fields_start(struct pel_http_parser *p);
/* Lets llhttp run from *used on and moves it; END when the section is complete. */
enum pel_http_result pel_http_fields_feed(struct pel_http_parser *p, struct pel_str bytes,
                                          size_t *used);
/* Copies the section's next bytes behind text; is_last: the section will not grow further. */
void pel_http_fields_keep(struct pel_http_parser *p, struct pel_str bytes, bool is_last);
/* Gives field i of text, its name lower-cased in place. False: it must be dropped. */
bool pel_http_fields_take(struct pel_http_parser *p, size_t i, struct pel_header *out);
void pel_http_fields_bind(llhttp_settings_t *settings);

/* head.c: the section is complete in text. HEAD or ERROR. */
enum pel_http_result pel_http_head_build(struct pel_http_parser *p);

/* trailers.c: the same for trailers, of which what may not be merged is dropped. */
void pel_http_trailers_build(struct pel_http_parser *p);

/* target.c: fills path and query from method and target, and gives the authority of an
 * absolute-form (else PEL_STR_NONE). 0, or the status to refuse with. */
int pel_http_target_split(struct pel_head *head, struct pel_str *authority, const char **reason);
/* A target that may be refused, as others may see it: without what can be userinfo. is_whole: it
 * has not been cut off. target itself, or a copy in the arena. */
struct pel_str pel_http_target_show(struct pel_str target, bool is_whole, struct pel_arena *arena);

/* body.c: LENGTH and CHUNKED. *used as above. */
enum pel_http_result pel_http_length_feed(struct pel_http_parser *p, struct pel_str bytes,
                                          size_t *used);
void pel_http_chunked_start(struct pel_http_parser *p);
enum pel_http_result pel_http_chunked_feed(struct pel_http_parser *p, struct pel_str bytes,
                                           size_t *used);
void pel_http_chunked_bind(llhttp_settings_t *settings);

#endif
