/*
 * http - HTTP/1.1 messages: bytes to requests, responses to bytes. RFC 9110 and 9112.
 *
 * Pure functions over memory: no sockets, no loop, no Python. A struct pel_http_parser belongs to
 * one connection and is fed by whichever thread owns that connection at the time. The parser is
 * llhttp in strict mode with our own checks on top; what it accepts has exactly one meaning.
 */
#ifndef PELLUCID_HTTP_H
#define PELLUCID_HTTP_H

#include "pellucid/arena.h"
#include "pellucid/base.h"
#include "pellucid/buf.h"
#include "pellucid/err.h"
#include "pellucid/record.h"

struct pel_conf;

/* Header fields with a meaning to the server or the gateways: tbl/headers.h. */
enum pel_header_id {
    PEL_HEADER_OTHER = 0,
#define PEL_HEADER(name, text) PEL_HEADER_##name,
#include "pellucid/tbl/headers.h"
#undef PEL_HEADER
    PEL_HEADER_N
};

struct pel_header {
    struct pel_str name;  /* lower-cased */
    struct pel_str value; /* optional white space trimmed */
    enum pel_header_id id;
};

/* The name of a known header, lower case. */
struct pel_str pel_header_name(enum pel_header_id id);
/* Looks a lower-case name up; OTHER when unknown. */
enum pel_header_id pel_header_lookup(struct pel_str lower_name);

#define PEL_HEADER_BIT(id) ((uint64_t)1 << (id))

/* A request head, complete and valid. It and all it points to live in the request's arena. Fields
 * with an underscore in their name have been dropped: as HTTP_X_FORWARDED_FOR they could pass for
 * others. */
struct pel_head {
    struct pel_str method;
    struct pel_str target; /* as received */
    struct pel_str
        path; /* raw; "*" for OPTIONS *; absolute-form reduced to its path, never empty */
    struct pel_str query; /* without "?" */
    struct pel_header
        *headers; /* in order; Host as an absolute-form target or a trusted proxy has it */
    size_t n_headers;
    uint64_t known;         /* PEL_HEADER_BIT of every id in headers */
    int64_t content_length; /* -1 = none */
    uint8_t version_minor;  /* 0 or 1 */
    bool is_chunked;
    bool has_body; /* chunked, or content_length > 0 */
    bool expects_continue;
    bool keep_alive;    /* what the request allows */
    bool is_head;       /* method is HEAD */
    bool is_https;      /* the target is in absolute-form, and says so */
    bool wants_upgrade; /* Upgrade and Connection: upgrade; the server may ignore it */
};

/* First value of a known header, or PEL_STR_NONE (p == NULL). */
struct pel_str pel_head_get(const struct pel_head *head, enum pel_header_id id);

/* How much a client wants a media type. */
#define PEL_ACCEPT_WHOLE 1000
struct pel_accept {
    int q;         /* thousandths; 0: not at all, or it has not said so */
    bool is_named; /* by its name, not by a wildcard */
};
/* What Accept says (RFC 9110 12.5.1): of the ranges that match, the most specific one counts. A
 * range with a version is about that version only (none is PEL_STR("")); other parameters say
 * nothing here, and a range with a malformed weight is passed over. */
struct pel_accept pel_head_accepts(const struct pel_head *head, struct pel_str type,
                                   struct pel_str version);

enum pel_http_result {
    PEL_HTTP_MORE = 0, /* everything was consumed; feed more */
    PEL_HTTP_HEAD,     /* the head is complete; parsing stopped right behind it */
    PEL_HTTP_BODY,     /* a piece of the body is there, a slice of the bytes fed */
    PEL_HTTP_END,   /* the message is complete (after trailers); what follows is the next request */
    PEL_HTTP_ERROR, /* pel_http_parser_error says why; the connection must be closed */
};

struct pel_http_parser; /* opaque: some 250 bytes, from pel_http_parser_new */

/* conf gives the limits (max_header_size, max_headers, max_request_line, max_body_size). */
struct pel_http_parser *pel_http_parser_new(const struct pel_conf *conf);
void pel_http_parser_free(struct pel_http_parser *p);

/* Begins a new message whose head will live in arena. */
void pel_http_parser_start(struct pel_http_parser *p, struct pel_arena *arena);

/*
 * Feeds bytes; *consumed says how many were used. Call again with the rest after HEAD and BODY,
 * even when nothing is left: END may need no more bytes. The bytes need not outlive the call: a
 * head is copied into the arena. Empty lines before a request line are skipped (RFC 9112 2.2).
 * After END and ERROR nothing is consumed until the next start.
 */
enum pel_http_result pel_http_parser_feed(struct pel_http_parser *p, const char *bytes, size_t len,
                                          size_t *consumed);

/* True once a byte of the present message has been fed (an idle connection has none). */
bool pel_http_parser_is_started(const struct pel_http_parser *p);

/* After HEAD: the head, as long as its arena. After BODY: the piece. After ERROR: the status to
 * answer with (400, 413, 414, 417, 431, 501 or 505) and, in a few words, what was wrong. */
const struct pel_head *pel_http_parser_head(const struct pel_http_parser *p);
struct pel_str pel_http_parser_body(const struct pel_http_parser *p);
int pel_http_parser_error(const struct pel_http_parser *p, const char **reason);
/* What a trusted proxy has said of it (pel_origin_resolve) takes the place of the head's Host;
 * after HEAD. */
void pel_http_parser_set_host(struct pel_http_parser *p, struct pel_str host);
/* What is known of the request line, even after ERROR: a method, and a target as far as it was
 * well-formed, without userinfo; empty where not so much was read. In the arena. Returns the minor
 * version, 1 when it was not read. */
uint8_t pel_http_parser_line(const struct pel_http_parser *p, struct pel_str *method,
                             struct pel_str *target);
/* After END of a chunked message: its trailer fields that may be merged (RFC 9110 6.5.1). */
const struct pel_header *pel_http_parser_trailers(const struct pel_http_parser *p, size_t *n);

/*
 * Where the request came from, as far as trusted_proxies lets us believe Forwarded and
 * X-Forwarded-*: fills scheme, host, client, client_port of rec from head and the peer (which the
 * worker has put into rec->peer and rec->peer_port; is_unix for unix sockets) and gives
 * X-Forwarded-Prefix, validated. client is always an address, or empty for the silent peer of a
 * unix socket. A trusted proxy's absolute-form target tells the scheme, too. Forwarded counts where
 * it is well-formed and there is no X-Forwarded-For: the usual proxy writes that one, and lets
 * through a Forwarded that its client made up. Hops are followed from the right while they are
 * trusted; nothing malformed is believed.
 */
struct pel_origin {
    struct pel_str prefix; /* "" or "/shop"; to be put before root_path */
    bool has_host;         /* rec->host is not that of head */
};
void pel_origin_resolve(const struct pel_conf *conf, const struct pel_head *head, bool is_unix,
                        bool is_tls, struct pel_arena *arena, struct pel_record *rec,
                        struct pel_origin *out);

/* An https target is only for a connection that is secured, as far as we know: 421 else (RFC 9110
 * 7.4). rec is resolved. */
static inline bool pel_origin_is_secure_enough(const struct pel_head *head,
                                               const struct pel_record *rec)
{
    return PEL_LIKELY(!head->is_https) || pel_record_is_https(rec);
}

/* Is the peer (address, or the silent one of a unix socket) one of server.trusted_proxies? */
bool pel_origin_is_proxy(const struct pel_conf *conf, struct pel_str peer, bool is_unix);

/*
 * Time in the proxy before us: fills proxy_ns of rec from X-Request-Start, where a trusted proxy
 * has sent it and its clock is not ahead of ours, nor an hour behind. FIRST_BYTE of rec must be
 * stamped.
 */
void pel_proxytime_resolve(const struct pel_conf *conf, const struct pel_head *head, bool is_unix,
                           struct pel_record *rec);
/* "t=1512379167.574": seconds, milliseconds or microseconds since 1970, which the size of the
 * number tells apart; "t=" and a fraction may be there. In ns; 0 when it is none of these. */
uint64_t pel_proxytime_parse(struct pel_str value);

/* W3C Trace Context Level 2, or another format of trace.propagators: fills trace of rec. Takes the
 * context from head, or begins a new trace, which has a link to the client's where trace.trust says
 * that it is not to be continued (rec->peer and is_unix tell whose it is); draws our span id;
 * decides sampling (the parent's decision unless trace.parent_based is false, else the ratio of
 * rec->conf_route or of conf). The threshold that OpenTelemetry's "ot" member of tracestate speaks
 * of is kept, corrected or added, so that it is that of the decision. A trace that is continued and
 * sampled is one of debug where any format of the list says so of it. */
void pel_trace_accept(const struct pel_conf *conf, const struct pel_head *head, bool is_unix,
                      struct pel_arena *arena, struct pel_record *rec);
/* "00-<trace>-<span>-<flags>", 55 bytes, not terminated: what the app sees. */
#define PEL_TRACEPARENT_LEN 55
void pel_trace_format(const struct pel_trace *trace, char out[PEL_TRACEPARENT_LEN]);
/* PEL_HEADER_BIT of each field that the app does not see as it came: those of the formats that
 * trace.propagators has, which are ours to fill in, and baggage, which goes with the word, too, and
 * stays out when a stranger has sent it. Fields of other formats are none of our business. */
uint64_t pel_trace_hidden_fields(const struct pel_conf *conf);
static inline uint64_t pel_trace_hidden(uint64_t hidden_fields, const struct pel_trace *trace)
{
    return PEL_UNLIKELY(trace->is_strange) ? hidden_fields | PEL_HEADER_BIT(PEL_HEADER_BAGGAGE)
                                           : hidden_fields;
}
/* The fields of b3, b3multi and jaeger, where trace.propagators has them: PEL_HEADER_BIT of each,
 * and what the app sees in their place, or hands on. put returns how many there are; their values
 * are in text. */
#define PEL_TRACE_OTHERS_MAX 5
#define PEL_TRACE_OTHERS_LEN (2 * (32 + 1 + 16) + 2 + 5)
uint64_t pel_trace_other_fields(const struct pel_conf *conf);
size_t pel_trace_put_others(uint64_t fields, const struct pel_trace *trace,
                            char text[PEL_TRACE_OTHERS_LEN],
                            struct pel_header out[PEL_TRACE_OTHERS_MAX]);
/* A tracestate without the sampling threshold in its member "ot": for a span that is kept with a
 * probability nobody knows. state itself, or a copy in the arena. */
struct pel_str pel_trace_forget_probability(struct pel_str state, struct pel_arena *arena);

/* --- responses --- */

enum pel_framing {
    PEL_FRAMING_NONE = 0, /* no body: HEAD, 204, 304 */
    PEL_FRAMING_LENGTH,
    PEL_FRAMING_CHUNKED,
    PEL_FRAMING_CLOSE, /* HTTP/1.0 without a length: the end of the connection ends the body */
};

struct pel_response {
    uint16_t status;
    enum pel_framing framing;
    int64_t content_length; /* of LENGTH; for NONE what the app declared or -1 */
    bool keep_alive;        /* the connection goes on after this response */
};

/* A header field as an app gave it; not trusted. */
struct pel_field {
    struct pel_str name, value;
};

/*
 * Writes status line and fields to out, adding Date, Server (conf), Content-Length or
 * Transfer-Encoding, and Connection as needed. reason may be empty (the standard phrase is used).
 * body_len >= 0 says that the whole body is known to be that long; -1 that it is not. keep_alive is
 * what the worker would like; out->keep_alive what it is. Hop-by-hop fields of the app (Connection,
 * Keep-Alive, Transfer-Encoding, Upgrade, ...) are handled as the WSGI and ASGI rules want: an
 * app's "Connection: close" is honoured, others are dropped. 0, or -1 with err when a field is
 * unusable (CR, LF, NUL, not a token, a malformed or second Content-Length): nothing was written
 * then.
 */
int pel_response_head(struct pel_response *res, struct pel_buf *out, const struct pel_conf *conf,
                      const struct pel_head *head, uint16_t status, struct pel_str reason,
                      const struct pel_field *fields, size_t n_fields, int64_t body_len,
                      bool keep_alive, struct pel_err *err);

/* Adds a field of the server's own to the head that out ends with. */
void pel_response_add(struct pel_buf *out, const struct pel_field *field);

/* A whole small response of the server's own: 400, 408, 413, 500, 503 ...; always closes. The
 * length of its body in bytes. */
size_t pel_response_simple(struct pel_buf *out, const struct pel_conf *conf, uint16_t status,
                           bool is_head);

/* An interim response: 100 without fields, 103 with them. Same checks as above. */
int pel_response_interim(struct pel_buf *out, uint16_t status, const struct pel_field *fields,
                         size_t n_fields, struct pel_err *err);

/* Chunk framing: the size line of a chunk of len bytes; the CRLF goes behind the data. */
#define PEL_CHUNK_HEAD_MAX 18
size_t pel_chunk_head(char out[PEL_CHUNK_HEAD_MAX], size_t len);
/* May f be a trailer field (RFC 9110 6.5.1)? 0, or -1 with err. */
int pel_trailer_check(const struct pel_field *f, struct pel_err *err);
/* "0 CRLF trailers CRLF", or -1 with err: nothing was added then. */
int pel_chunk_end(struct pel_buf *out, const struct pel_field *trailers, size_t n,
                  struct pel_err *err);

const char *pel_status_reason(uint16_t status); /* "" when unknown */

#endif
