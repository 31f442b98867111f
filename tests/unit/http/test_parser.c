#include "../check.h"
#include "transcript.h"

static struct pel_conf conf = {
    .http_max_header_size_bytes = 65536,
    .http_max_headers = 100,
    .http_max_request_line_bytes = 8192,
};

struct example {
    const char *name;
    struct pel_str bytes;
    const char *want; /* the transcript; NULL: compare splits only */
};

#define BYTES(literal)                                                                             \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }
#define H "Host: a\r\n"

/* The fields of RFC 9112, what comes of them, section by section. */
static const struct example good[] = {
    {"simple", BYTES("GET / HTTP/1.1\r\n" H "\r\n"), "[GET] [/]?[] 1.1 keep [host]=[a]\nbody[]\n"},
    {"2.2 empty lines before", BYTES("\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"),
     "[GET] [/]?[] 1.1 keep [host]=[a]\nbody[]\n"},
    {"2.3 higher minor", BYTES("GET / HTTP/1.9\r\n" H "\r\n"),
     "[GET] [/]?[] 1.1 keep [host]=[a]\nbody[]\n"},
    {"2.3 HTTP/1.0", BYTES("GET / HTTP/1.0\r\n\r\n"), "[GET] [/]?[] 1.0 close \nbody[]\n"},
    {"9.3 HTTP/1.0 keep-alive", BYTES("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"),
     "[GET] [/]?[] 1.0 keep [connection]=[Keep-Alive]\nbody[]\n"},
    {"9.3 close wins",
     BYTES("GET / HTTP/1.1\r\n" H "Connection: keep-alive\r\n"
           "Connection: x , CLOSE\r\n\r\n"),
     "[GET] [/]?[] 1.1 close [host]=[a][connection]=[keep-alive][connection]=[x , CLOSE]\n"
     "body[]\n"},
    {"9.3 close is a token, not a part", BYTES("GET / HTTP/1.1\r\n" H "Connection: closer\r\n\r\n"),
     "[GET] [/]?[] 1.1 keep [host]=[a][connection]=[closer]\nbody[]\n"},
    {"unknown method", BYTES("FOO /x?y=1 HTTP/1.1\r\n" H "\r\n"),
     "[FOO] [/x]?[y=1] 1.1 keep [host]=[a]\nbody[]\n"},
    {"method is case-sensitive", BYTES("head / HTTP/1.1\r\n" H "\r\n"),
     "[head] [/]?[] 1.1 keep [host]=[a]\nbody[]\n"},
    {"odd method", BYTES("M-SEARCH!# / HTTP/1.1\r\n" H "\r\n"),
     "[M-SEARCH!#] [/]?[] 1.1 keep [host]=[a]\nbody[]\n"},
    {"HEAD", BYTES("HEAD / HTTP/1.1\r\n" H "\r\n"),
     "[HEAD] [/]?[] 1.1 keep head [host]=[a]\nbody[]\n"},
    {"5 optional white space",
     BYTES("GET / HTTP/1.1\r\nHOST:a\t \r\nX:\r\nY: \t \r\nZ:  b \tc \r\n\r\n"),
     "[GET] [/]?[] 1.1 keep [host]=[a][x]=[][y]=[][z]=[b \tc]\nbody[]\n"},
    {"5.5 obs-text", BYTES("GET / HTTP/1.1\r\n" H "X: \xc3\xa9\xff\r\n\r\n"),
     "[GET] [/]?[] 1.1 keep [host]=[a][x]=[\xc3\xa9\xff]\nbody[]\n"},
    {"names and values that llhttp looks at",
     BYTES("GET / HTTP/1.1\r\n" H
           "Connection:\r\nConnection: ,\r\nConnection: clos\r\nConnection: keep-alivex, up\r\n"
           "Connectio: close\r\nConnections: close\r\nProxy-Connection: close\r\n"
           "Content-Lengt: x\r\nContent-Lengths: x\r\nTransfer-Encodings: gzip\r\nUpgrade:\r\n"
           "Upgrad: x\r\nUpgrades: x\r\n\r\n"),
     "[GET] [/]?[] 1.1 keep [host]=[a][connection]=[][connection]=[,][connection]=[clos]"
     "[connection]=[keep-alivex, up][connectio]=[close][connections]=[close]"
     "[proxy-connection]=[close][content-lengt]=[x][content-lengths]=[x]"
     "[transfer-encodings]=[gzip][upgrade]=[][upgrad]=[x][upgrades]=[x]\nbody[]\n"},
    {"7.8 Upgrade without the option", BYTES("GET / HTTP/1.1\r\n" H "Upgrade: h2c\r\n\r\n"),
     "[GET] [/]?[] 1.1 keep [host]=[a][upgrade]=[h2c]\nbody[]\n"},
    {"7.8 Upgrade in HTTP/1.0",
     BYTES("GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"),
     "[GET] [/]?[] 1.0 close [connection]=[upgrade][upgrade]=[h2c]\nbody[]\n"},
    {"9.3 both in HTTP/1.0", BYTES("GET / HTTP/1.0\r\nConnection: close, keep-alive\r\n\r\n"),
     "[GET] [/]?[] 1.0 close [connection]=[close, keep-alive]\nbody[]\n"},
    {"7.1 white space around the coding",
     BYTES("PUT / HTTP/1.1\r\n" H "Transfer-Encoding:\t chunked\t \r\n\r\n0\r\n\r\n"),
     "[PUT] [/]?[] 1.1 chunked keep [host]=[a][transfer-encoding]=[chunked]\nbody[]\n"},
    {"Expect without a member",
     BYTES("PUT / HTTP/1.1\r\n" H "Expect: ,\r\nContent-Length: 1\r\n\r\nx"),
     "[PUT] [/]?[] 1.1 length=1 keep [host]=[a][expect]=[,][content-length]=[1]\nbody[x]\n"},
    {"percent-encoding is left alone", BYTES("GET /%zz%00?%?a=b?c HTTP/1.1\r\n" H "\r\n"),
     "[GET] [/%zz%00]?[%?a=b?c] 1.1 keep [host]=[a]\nbody[]\n"},
    {"what browsers send unencoded", BYTES("GET /a|b^`{}\\\"<>[] HTTP/1.1\r\n" H "\r\n"),
     "[GET] [/a|b^`{}\\\"<>[]]?[] 1.1 keep [host]=[a]\nbody[]\n"},
    {"two slashes", BYTES("GET //a/../b HTTP/1.1\r\n" H "\r\n"),
     "[GET] [//a/../b]?[] 1.1 keep [host]=[a]\nbody[]\n"},
    {"underscores are dropped",
     BYTES("GET / HTTP/1.1\r\n" H "X_Forwarded_For: 1.2.3.4\r\nContent_Length: 5\r\nX: y\r\n\r\n"),
     "[GET] [/]?[] 1.1 keep [host]=[a][x]=[y]\nbody[]\n"},
    {"6.2 length", BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 005\r\n\r\nhello"),
     "[POST] [/]?[] 1.1 length=5 keep [host]=[a][content-length]=[005]\nbody[hello]\n"},
    {"6.2 length zero", BYTES("POST / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n"),
     "[POST] [/]?[] 1.1 keep [host]=[a][content-length]=[0]\nbody[]\n"},
    {"6.2 body of GET", BYTES("GET / HTTP/1.1\r\n" H "Content-Length: 2\r\n\r\nhi"),
     "[GET] [/]?[] 1.1 length=2 keep [host]=[a][content-length]=[2]\nbody[hi]\n"},
    {"7.1 chunked",
     BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n\r\n"
           "5\r\nhello\r\n00A;a=b;c=\"d;e\"\r\n, world!!!\r\n0\r\n\r\n"),
     "[POST] [/]?[] 1.1 chunked keep [host]=[a][transfer-encoding]=[Chunked]\n"
     "body[hello, world!!!]\n"},
    {"7.1.2 trailers",
     BYTES("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"
           "Digest: a\r\nX_Y: 1\r\nHost: b\r\nSet-Cookie: c\r\nX-Forwarded-For: d\r\nZ:\r\n\r\n"),
     "[POST] [/]?[] 1.1 chunked keep [host]=[a][transfer-encoding]=[chunked]\n"
     "body[x][digest]=[a][z]=[]\n"},
    {"9.3.2 pipelining",
     BYTES("POST /1 HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc"
           "\r\nPOST /2 HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
           "GET /3 HTTP/1.1\r\n" H "\r\nGET /4 HTTP/1.0\r\n\r\n"),
     "[POST] [/1]?[] 1.1 length=3 keep [host]=[a][content-length]=[3]\nbody[abc]\n"
     "[POST] [/2]?[] 1.1 chunked keep [host]=[a][transfer-encoding]=[chunked]\nbody[x]\n"
     "[GET] [/3]?[] 1.1 keep [host]=[a]\nbody[]\n"
     "[GET] [/4]?[] 1.0 close \nbody[]\n"},
    {"9110 10.1.1 expect",
     BYTES("PUT / HTTP/1.1\r\n" H "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\nx"),
     "[PUT] [/]?[] 1.1 length=1 keep expect "
     "[host]=[a][expect]=[100-Continue][content-length]=[1]\nbody[x]\n"},
    {"9110 10.1.1 no content to wait for",
     BYTES("PUT / HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 0\r\n\r\n"),
     "[PUT] [/]?[] 1.1 keep [host]=[a][expect]=[100-continue][content-length]=[0]\nbody[]\n"},
    {"9110 10.1.1 expect in HTTP/1.0",
     BYTES("PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx"),
     "[PUT] [/]?[] 1.0 length=1 close [expect]=[100-continue][content-length]=[1]\nbody[x]\n"},
    {"9110 7.8 upgrade",
     BYTES("GET / HTTP/1.1\r\n" H "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
           "Content-Length: 2\r\n\r\nhiGET / HTTP/1.0\r\n\r\n"),
     "[GET] [/]?[] 1.1 length=2 keep upgrade [host]=[a][connection]=[Upgrade, HTTP2-Settings]"
     "[upgrade]=[h2c][content-length]=[2]\nbody[hi]\n[GET] [/]?[] 1.0 close \nbody[]\n"},
    {"3.2.2 absolute-form", BYTES("GET HTTP://Example.com:8080/p?q HTTP/1.1\r\n" H "\r\n"),
     "[GET] [/p]?[q] 1.1 keep [host]=[Example.com:8080]\nbody[]\n"},
    {"3.2.2 absolute-form without Host", BYTES("GET http://e HTTP/1.0\r\n\r\n"),
     "[GET] [/]?[] 1.0 close [host]=[e]\nbody[]\n"},
    {"3.2.4 asterisk-form", BYTES("OPTIONS * HTTP/1.1\r\n" H "\r\n"),
     "[OPTIONS] [*]?[] 1.1 keep [host]=[a]\nbody[]\n"},
    {"3.2.4 absolute-form", BYTES("OPTIONS http://e HTTP/1.1\r\n" H "\r\n"),
     "[OPTIONS] [*]?[] 1.1 keep [host]=[e]\nbody[]\n"},
};

#define GET "GET / HTTP/1.1\r\n"
#define CHUNKED GET H "Transfer-Encoding: chunked\r\n\r\n"

struct refusal {
    struct pel_str bytes;
    int status;
};

static const struct refusal bad[] = {
    /* request line, RFC 9112 3 */
    {BYTES("GET /\r\n"), 400},
    {BYTES("GET / \r\n"), 400},
    {BYTES("GET\r\n"), 400},
    {BYTES(" GET / HTTP/1.1\r\n"), 400},
    {BYTES("\nGET / HTTP/1.1\r\n"), 400},
    {BYTES("\rGET / HTTP/1.1\r\n"), 400},
    {BYTES("\r\rGET / HTTP/1.1\r\n"), 400},
    {BYTES(" / HTTP/1.1\r\n" H "\r\n"), 400},
    {BYTES("GET  HTTP/1.1\r\n" H "\r\n"), 400},
    {BYTES("GET  / HTTP/1.1\r\n"), 400},
    {BYTES("GET /  HTTP/1.1\r\n"), 400},
    {BYTES("GET\t/ HTTP/1.1\r\n"), 400},
    {BYTES("GET / HTTP/1.1 \r\n"), 400},
    {BYTES("GET / HTTP/1.1\n"), 400},
    {BYTES("GET / HTTP/1.1\rx"), 400},
    {BYTES("GET / HTTP/1.10\r\n"), 400},
    {BYTES("GET / HTTP/11\r\n"), 400},
    {BYTES("GET / http/1.1\r\n"), 400},
    {BYTES("GET / HTTPS/1.1\r\n"), 400},
    {BYTES("GET / HTTP/ 1.1\r\n"), 400},
    {BYTES("GET / HTTP/0.9\r\n"), 505},
    {BYTES("GET / HTTP/2.0\r\n"), 505},
    {BYTES("GET / HTTP/3.1\r\n"), 505},
    {BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505},
    {BYTES("G\x01T / HTTP/1.1\r\n"), 400},
    {BYTES("G\0T / HTTP/1.1\r\n"), 400},
    {BYTES("G\xc3T / HTTP/1.1\r\n"), 400},
    {BYTES("G(T / HTTP/1.1\r\n"), 400},
    {BYTES("\x16\x03\x01\x02\x00\x01"), 400},
    {BYTES("GET /\0 HTTP/1.1\r\n"), 400},
    {BYTES("GET /\x01 HTTP/1.1\r\n"), 400},
    {BYTES("GET /\x7f HTTP/1.1\r\n"), 400},
    {BYTES("GET /a\tb HTTP/1.1\r\n"), 400},
    {BYTES("GET /\xc3\xa9 HTTP/1.1\r\n"), 400},
    {BYTES("GET /a#b HTTP/1.1\r\n"), 400},
    {BYTES("GET / HTTP/1.1\r\r\n"), 400},
    /* request target, RFC 9112 3.2 */
    {BYTES("GET * HTTP/1.1\r\n" H "\r\n"), 400},
    {BYTES("OPTIONS *a HTTP/1.1\r\n" H "\r\n"), 400},
    {BYTES("GET a HTTP/1.1\r\n" H "\r\n"), 400},
    {BYTES("GET ?a HTTP/1.1\r\n" H "\r\n"), 400},
    {BYTES("GET a:80 HTTP/1.1\r\n" H "\r\n"), 400},
    {BYTES("GET ftp://a/ HTTP/1.1\r\n" H "\r\n"), 400},
    {BYTES("GET http:/a HTTP/1.1\r\n" H "\r\n"), 400},
    {BYTES("GET http:// HTTP/1.1\r\n" H "\r\n"), 400},
    {BYTES("GET http:///a HTTP/1.1\r\n" H "\r\n"), 400},
    {BYTES("GET http://u:p@a/ HTTP/1.1\r\n" H "\r\n"), 400},
    {BYTES("GET http://a:b/ HTTP/1.1\r\n" H "\r\n"), 400},
    {BYTES("GET http://[::1/ HTTP/1.1\r\n" H "\r\n"), 400},
    {BYTES("GET http://a/ HTTP/1.1\r\n\r\n"), 400},
    {BYTES("CONNECT a:80 HTTP/1.1\r\n" H "\r\n"), 501},
    {BYTES("CONNECT / HTTP/1.1\r\n" H "\r\n"), 501},
    /* Host, RFC 9112 3.2 */
    {BYTES(GET "\r\n"), 400},
    {BYTES(GET H H "\r\n"), 400},
    {BYTES("GET / HTTP/1.0\r\n" H H "\r\n"), 400},
    {BYTES(GET "Host: a b\r\n\r\n"), 400},
    {BYTES(GET "Host: a/b\r\n\r\n"), 400},
    {BYTES(GET "Host: a@b\r\n\r\n"), 400},
    {BYTES(GET "Host: a:b\r\n\r\n"), 400},
    {BYTES(GET "Host: a:-1\r\n\r\n"), 400},
    {BYTES(GET "Host: a:65536\r\n\r\n"), 400},
    {BYTES(GET "Host: :80\r\n\r\n"), 400},
    {BYTES(GET "Host: a%2\r\n\r\n"), 400},
    {BYTES(GET "Host: \xc3\xa9\r\n\r\n"), 400},
    {BYTES(GET "Host: [::1\r\n\r\n"), 400},
    {BYTES(GET "Host: [::1]x\r\n\r\n"), 400},
    {BYTES(GET "Host: [::x]\r\n\r\n"), 400},
    {BYTES(GET "Host: ::1\r\n\r\n"), 400},
    /* fields, RFC 9112 5 */
    {BYTES(GET H "X : y\r\n\r\n"), 400},
    {BYTES(GET H "X\t: y\r\n\r\n"), 400},
    {BYTES(GET " X: y\r\n" H "\r\n"), 400},
    {BYTES(GET H "X: y\r\n z\r\n\r\n"), 400},
    {BYTES(GET H "X: y\r\n\tz\r\n\r\n"), 400},
    {BYTES(GET H " \r\n\r\n"), 400},
    {BYTES(GET H ": y\r\n\r\n"), 400},
    {BYTES(GET H "X\r\n\r\n"), 400},
    {BYTES(GET H "X@: y\r\n\r\n"), 400},
    {BYTES(GET H "X(: y\r\n\r\n"), 400},
    {BYTES(GET H "X\0: y\r\n\r\n"), 400},
    {BYTES(GET H "\xc3: y\r\n\r\n"), 400},
    {BYTES(GET H "X: \0\r\n\r\n"), 400},
    {BYTES(GET H "X: a\x01\r\n\r\n"), 400},
    {BYTES(GET H "X: a\x7f\r\n\r\n"), 400},
    {BYTES(GET H "X: a\rb\r\n\r\n"), 400},
    {BYTES(GET H "X: a\nb: c\r\n\r\n"), 400},
    {BYTES(GET H "X: a\n\r\n"), 400},
    {BYTES(GET H "X: a\r\n\n"), 400},
    {BYTES(GET H "\n"), 400},
    {BYTES(GET H "\rx"), 400},
    {BYTES(GET H "Connection: \x01\r\n\r\n"), 400},
    {BYTES(GET H "Upgrade: a\rb\r\n\r\n"), 400},
    /* framing, RFC 9112 6 */
    {BYTES(GET H "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"), 400},
    {BYTES(GET H "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"), 400},
    {BYTES(GET H "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx"), 400},
    {BYTES(GET H "Content-Length: 1\r\nContent-Length: 2\r\n\r\nx"), 400},
    {BYTES(GET H "Content-Length: 1, 1\r\n\r\nx"), 400},
    {BYTES(GET H "Content-Length:\r\n\r\n"), 400},
    {BYTES(GET H "Content-Length: \r\n\r\n"), 400},
    {BYTES(GET H "Content-Length: +1\r\n\r\nx"), 400},
    {BYTES(GET H "Content-Length: -1\r\n\r\nx"), 400},
    {BYTES(GET H "Content-Length: 1 1\r\n\r\nx"), 400},
    {BYTES(GET H "Content-Length: 0x1\r\n\r\nx"), 400},
    {BYTES(GET H "Content-Length: 1.0\r\n\r\nx"), 400},
    {BYTES(GET H "Content-Length: 1e1\r\n\r\nx"), 400},
    {BYTES(GET H "Content-Length: 9223372036854775808\r\n\r\nx"), 400},
    {BYTES(GET H "Content-Length: 18446744073709551617\r\n\r\nx"), 400},
    {BYTES(GET H "Content-Length: \xd9\xa1\r\n\r\nx"), 400},
    {BYTES(GET H "Transfer-Encoding: gzip\r\n\r\n"), 400},
    {BYTES(GET H "Transfer-Encoding: identity\r\n\r\n"), 400},
    {BYTES(GET H "Transfer-Encoding: gzip, chunked\r\n\r\n"), 400},
    {BYTES(GET H "Transfer-Encoding: chunked, gzip\r\n\r\n"), 400},
    {BYTES(GET H "Transfer-Encoding: chunked, chunked\r\n\r\n"), 400},
    {BYTES(GET H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"), 400},
    {BYTES(GET H "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"), 400},
    {BYTES(GET H "Transfer-Encoding: ,chunked\r\n\r\n"), 400},
    {BYTES(GET H "Transfer-Encoding: chunked,\r\n\r\n"), 400},
    {BYTES(GET H "Transfer-Encoding: xchunked\r\n\r\n"), 400},
    {BYTES(GET H "Transfer-Encoding: chunkedx\r\n\r\n"), 400},
    {BYTES(GET H "Transfer-Encoding: chunked;q=1\r\n\r\n"), 400},
    {BYTES(GET H "Transfer-Encoding: \"chunked\"\r\n\r\n"), 400},
    {BYTES(GET H "Transfer-Encoding: \x0b"
                 "chunked\r\n\r\n"),
     400},
    {BYTES(GET H "Transfer-Encoding:\r\n\r\n"), 400},
    {BYTES(GET H "Transfer-Encoding : chunked\r\n\r\n"), 400},
    {BYTES("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400},
    {BYTES(GET H "Expect: 200-ok\r\n\r\n"), 417},
    {BYTES(GET H "Expect: 100-continue, x\r\n\r\n"), 417},
};

/* What may follow the head of a chunked message, RFC 9112 7.1; the head itself is good. */
static const struct refusal bad_chunks[] = {
    {BYTES("\r\n"), 400},
    {BYTES("x\r\n"), 400},
    {BYTES("+1\r\nx\r\n"), 400},
    {BYTES("-1\r\nx\r\n"), 400},
    {BYTES(" 1\r\nx\r\n"), 400},
    {BYTES("1 \r\nx\r\n"), 400},
    {BYTES("1\t\r\nx\r\n"), 400},
    {BYTES("0x1\r\nx\r\n"), 400},
    {BYTES("1_0\r\nx\r\n"), 400},
    {BYTES("1\nx\r\n"), 400},
    {BYTES("1\rx\r\n"), 400},
    {BYTES("1\r\nxx\r\n"), 400},
    {BYTES("1\r\nx\n"), 400},
    {BYTES("1\r\nx\r1\r\n"), 400},
    {BYTES("1\r\nx0\r\n\r\n"), 400},
    {BYTES("10000000000000000\r\n"), 400},
    {BYTES("ffffffffffffffff\r\n"), 413},
    {BYTES("8000000000000000\r\n"), 413},
    {BYTES("1\r\nx\r\n7fffffffffffffff\r\n"), 413},
    {BYTES("1;\x01\r\n"), 400},
    {BYTES("1;a\nb\r\n"), 400},
    {BYTES("1;a\rb\r\n"), 400},
    {BYTES("1;a=\"\n\"\r\n"), 400},
    {BYTES("0\r\n\n"), 400},
    {BYTES("0\r\nX: a\n\r\n"), 400},
    {BYTES("0\r\nX : a\r\n\r\n"), 400},
    {BYTES("0\r\n X: a\r\n\r\n"), 400},
    {BYTES("0\r\nX: a\r\n b\r\n\r\n"), 400},
    {BYTES("0\r\nX: a\x01\r\n\r\n"), 400},
    {BYTES("0\r\nContent-Length: 5\r\n\r\n"), 400},
    {BYTES("0\r\nTransfer-Encoding: gzip\r\n\r\n"), 400},
};

/* The transcript of bytes fed as [0, a), [a, b), [b, len). */
static void split_at(struct transcript *t, struct pel_str bytes, size_t a, size_t b)
{
    transcript_init(t, &conf);
    transcript_feed(t, bytes.p, a);
    transcript_feed(t, bytes.p + a, b - a);
    transcript_feed(t, bytes.p + b, bytes.len - b);
    pel_buf_add(&t->text, "", 1);
}

static void check(const char *name, struct pel_str bytes, const char *want, size_t a, size_t b)
{
    struct transcript t;

    split_at(&t, bytes, a, b);
    if (strcmp(t.text.p, want) != 0)
        fail_msg("%s split at %zu and %zu:\n%s\nwanted:\n%s", name, a, b, t.text.p, want);
    transcript_fini(&t);
}

/* Every way to split the bytes in two, and every way to give one byte alone. */
static void check_splits(const char *name, struct pel_str bytes, const char *want)
{
    for (size_t i = 0; i <= bytes.len; i++) {
        check(name, bytes, want, i, i);
        check(name, bytes, want, i, i < bytes.len ? i + 1 : i);
    }
}

static void check_drip(const char *name, struct pel_str bytes, const char *want)
{
    struct transcript t;

    transcript_init(&t, &conf);
    for (size_t i = 0; i < bytes.len; i++)
        transcript_feed(&t, bytes.p + i, 1);
    pel_buf_add(&t.text, "", 1);
    if (strcmp(t.text.p, want) != 0)
        fail_msg("%s byte by byte:\n%s\nwanted:\n%s", name, t.text.p, want);
    transcript_fini(&t);
}

static void test_good(void **state)
{
    for (size_t i = 0; i < PEL_ARRAY_LEN(good); i++) {
        check_splits(good[i].name, good[i].bytes, good[i].want);
        check_drip(good[i].name, good[i].bytes, good[i].want);
    }
}

static void test_bad(void **state)
{
    char want[32];

    for (size_t i = 0; i < PEL_ARRAY_LEN(bad); i++) {
        snprintf(want, sizeof(want), "error %d\n", bad[i].status);
        check_splits(bad[i].bytes.p, bad[i].bytes, want);
        check_drip(bad[i].bytes.p, bad[i].bytes, want);
    }
}

static void test_bad_chunks(void **state)
{
    char want[256];
    struct pel_buf b;

    pel_buf_init(&b);
    for (size_t i = 0; i < PEL_ARRAY_LEN(bad_chunks); i++) {
        struct pel_str bytes;

        pel_buf_clear(&b);
        pel_buf_add_str(&b, PEL_STR(CHUNKED));
        pel_buf_add_str(&b, bad_chunks[i].bytes);
        bytes = pel_str(b.p, b.len);
        snprintf(want, sizeof(want),
                 "[GET] [/]?[] 1.1 chunked keep [host]=[a][transfer-encoding]=[chunked]\n"
                 "error %d\n",
                 bad_chunks[i].status);
        check_splits(bad_chunks[i].bytes.p, bytes, want);
        check_drip(bad_chunks[i].bytes.p, bytes, want);
    }
    pel_buf_fini(&b);
}

/* What an access log can say of a request that was refused. */
static void test_line_of_the_refused(void **state)
{
    static const struct {
        struct pel_str bytes;
        const char *method, *target;
    } cases[] = {
        {BYTES("G(T / HTTP/1.1\r\n"), "", ""},
        {BYTES("GET"), "", ""},
        {BYTES("GET /a\x01"), "GET", "/a"},
        {BYTES("GET /a?b HTTP/2.0\r\n"), "GET", "/a?b"},
        {BYTES("GET /a HTTP/1.1\r\nX : y\r\n"), "GET", "/a"},
        {BYTES("GET /a HTTP/1.1\r\n\r\n"), "GET", "/a"},
        {BYTES("PUT /a HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\nx\r\n"), "PUT", "/a"},
        {BYTES("PUT /a HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\nX\r\n"), "PUT",
         "/a"},
        {BYTES("GET http://u:p@h/b?c HTTP/1.1\r\n" H "\r\n"), "GET", "http://h/b?c"},
        {BYTES("GET http://u:p@h/ HTTP/2.0\r\n"), "GET", "http://h/"},
        {BYTES("GET http://u@h HTTP/1.1\r\n" H "\r\n"), "GET", "http://h"},
        {BYTES("GET ftp:///u:p@h/ HTTP/1.1\r\n" H "\r\n"), "GET", "ftp:///h/"},
        {BYTES("GET http://u:p@q/r?s@h/b HTTP/1.1\r\n" H "\r\n"), "GET", "http://h/b"},
        {BYTES("GET u:p@h/b HTTP/1.1\r\n" H "\r\n"), "GET", "h/b"},
        {BYTES("CONNECT u:p@h:1 HTTP/1.1\r\n" H "\r\n"), "CONNECT", "h:1"},
        {BYTES("CONNECT h:1 HTTP/1.1\r\n" H "\r\n"), "CONNECT", "h:1"},
        {BYTES("GET http://h/b@c?d@e HTTP/2.0\r\n"), "GET", "http://h/b@c?d@e"},
        {BYTES("GET http://h/b@\x01"), "GET", "http://h/b@"},
        {BYTES("GET /u:p@h HTTP/2.0\r\n"), "GET", "/u:p@h"},
        {BYTES("GET http://u:p\x01@h/ HTTP/1.1\r\n"), "GET", "http://"},
        {BYTES("GET http://u:p@q\x01@h/ HTTP/1.1\r\n"), "GET", "http://"},
        {BYTES("GET http://u:p/q\x01@h/ HTTP/1.1\r\n"), "GET", "http://"},
        {BYTES("GET u:p\x01"), "GET", ""},
    };

    for (size_t i = 0; i < PEL_ARRAY_LEN(cases); i++) {
        for (size_t at = 0; at <= cases[i].bytes.len; at++) {
            struct pel_str method, target;
            struct transcript t;

            split_at(&t, cases[i].bytes, at, at);
            assert_int_equal(pel_http_parser_line(t.parser, &method, &target), 1);
            assert_str(method, cases[i].method);
            assert_str(target, cases[i].target);
            transcript_fini(&t);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_bad_chunks),
        cmocka_unit_test(test_line_of_the_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
