"""Requests as raw bytes and what RFC 9110 and 9112 (and this server's contract) make of them."""

from __future__ import annotations

from dataclasses import dataclass, field

HOST = b"Host: example.test\r\n"


@dataclass(frozen=True)
class Case:
    """One connection: bytes sent, final statuses expected in order, and whether it is closed then.

    after: bytes of a well-formed request appended to prove that framing is as expected; with closed
    it must not be answered.
    """

    name: str
    sent: bytes
    statuses: tuple[int, ...]
    closed: bool = False
    rfc: str = ""
    body: bytes | None = field(default=None)


def get(target: bytes = b"/", headers: bytes = HOST, version: bytes = b"1.1") -> bytes:
    return b"GET " + target + b" HTTP/" + version + b"\r\n" + headers + b"\r\n"


def post(headers: bytes, body: bytes = b"", target: bytes = b"/echo") -> bytes:
    return b"POST " + target + b" HTTP/1.1\r\n" + HOST + headers + b"\r\n" + body


def refused(name: str, sent: bytes, status: int = 400, rfc: str = "") -> Case:
    """Refused with status and the connection closed, whatever follows."""
    return Case(name, sent + get(b"/unread"), (status,), True, rfc)


def served(name: str, sent: bytes, body: bytes | None = None, rfc: str = "") -> Case:
    """Served with 200 and the connection left open for the next request."""
    return Case(name, sent + get(b"/unread"), (200, 200), False, rfc, body)


CHUNKED = b"Transfer-Encoding: chunked\r\n"

SMUGGLING = [
    refused("cl and te", post(b"Content-Length: 5\r\n" + CHUNKED, b"0\r\n\r\n"), rfc="9112 6.1"),
    refused("te and cl", post(CHUNKED + b"Content-Length: 5\r\n", b"0\r\n\r\n"), rfc="9112 6.1"),
    refused(
        "two equal lengths",
        post(b"Content-Length: 3\r\nContent-Length: 3\r\n", b"abc"),
        rfc="9112 6.3",
    ),
    refused(
        "two lengths", post(b"Content-Length: 3\r\nContent-Length: 4\r\n", b"abc"), rfc="9112 6.3"
    ),
    refused("length list", post(b"Content-Length: 3, 3\r\n", b"abc")),
    refused("length plus", post(b"Content-Length: +3\r\n", b"abc")),
    refused("length minus", post(b"Content-Length: -3\r\n", b"abc")),
    refused("length hex", post(b"Content-Length: 0x3\r\n", b"abc")),
    refused("length empty", post(b"Content-Length: \r\n", b"abc")),
    refused("length word", post(b"Content-Length: three\r\n", b"abc")),
    refused("length space inside", post(b"Content-Length: 1 2\r\n", b"abc")),
    refused("length underscore", post(b"Content-Length: 1_0\r\n", b"0123456789")),
    refused("length overflow", post(b"Content-Length: 99999999999999999999999\r\n", b"abc")),
    refused("length 2^64", post(b"Content-Length: 18446744073709551619\r\n", b"abc")),
    refused("length decimal point", post(b"Content-Length: 3.0\r\n", b"abc")),
    refused("te identity", post(b"Transfer-Encoding: identity\r\n", b"")),
    refused("te gzip", post(b"Transfer-Encoding: gzip\r\n", b"")),
    refused("te gzip, chunked", post(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n")),
    refused("te chunked, gzip", post(b"Transfer-Encoding: chunked, gzip\r\n", b"0\r\n\r\n")),
    refused("te chunked twice", post(b"Transfer-Encoding: chunked, chunked\r\n", b"0\r\n\r\n")),
    refused("te chunked in two fields", post(CHUNKED + CHUNKED, b"0\r\n\r\n")),
    refused(
        "te chunked and identity fields",
        post(CHUNKED + b"Transfer-Encoding: identity\r\n", b"0\r\n\r\n"),
    ),
    refused("te xchunked", post(b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n")),
    refused("te chunked quoted", post(b'Transfer-Encoding: "chunked"\r\n', b"0\r\n\r\n")),
    refused("te chunked with parameter", post(b"Transfer-Encoding: chunked;q=1\r\n", b"0\r\n\r\n")),
    refused("te empty", post(b"Transfer-Encoding: \r\n", b"")),
    refused("te vertical tab", post(b"Transfer-Encoding: \x0bchunked\r\n", b"0\r\n\r\n")),
    refused(
        "te space before colon",
        post(b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n"),
        rfc="9112 5.1",
    ),
    refused(
        "te tab before colon",
        post(b"Transfer-Encoding\t: chunked\r\n", b"0\r\n\r\n"),
        rfc="9112 5.1",
    ),
    refused("length space before colon", post(b"Content-Length : 3\r\n", b"abc"), rfc="9112 5.1"),
    refused(
        "obs-fold te", post(b"Transfer-Encoding:\r\n chunked\r\n", b"0\r\n\r\n"), rfc="9112 5.2"
    ),
    refused(
        "te in http/1.0",
        b"POST /echo HTTP/1.0\r\n" + HOST + CHUNKED + b"\r\n0\r\n\r\n",
        rfc="9112 6.1",
    ),
    refused("bare lf after request line", b"GET / HTTP/1.1\n" + HOST + b"\r\n"),
    refused("bare lf after field", b"GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"),
    refused("bare lf ends head", b"GET / HTTP/1.1\r\nHost: a\r\n\n"),
    refused("bare cr in value", get(headers=HOST + b"X-A: a\rb\r\n")),
    refused("bare cr in name", get(headers=HOST + b"X\r-A: b\r\n")),
    refused("bare cr in request line", b"GET /\r HTTP/1.1\r\n" + HOST + b"\r\n"),
    refused("cr cr lf", b"GET / HTTP/1.1\r\r\n" + HOST + b"\r\n"),
    refused("obs-fold", get(headers=HOST + b"X-A: a\r\n b\r\n"), rfc="9112 5.2"),
    refused("obs-fold tab", get(headers=HOST + b"X-A: a\r\n\tb\r\n"), rfc="9112 5.2"),
    refused("fold before first field", b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", rfc="9112 2.2"),
    refused("nul in value", get(headers=HOST + b"X-A: a\0b\r\n")),
    refused("nul in name", get(headers=HOST + b"X\0A: b\r\n")),
    refused("nul in target", get(b"/a\0b")),
    refused("control in value", get(headers=HOST + b"X-A: a\x01b\r\n")),
    refused("escape in value", get(headers=HOST + b"X-A: a\x1bb\r\n")),
    refused("delete in value", get(headers=HOST + b"X-A: a\x7fb\r\n")),
    refused("control in target", get(b"/a\x01b")),
    refused("delete in target", get(b"/a\x7fb")),
    refused("tab in request line", b"GET\t/\tHTTP/1.1\r\n" + HOST + b"\r\n"),
    refused("field without colon", get(headers=HOST + b"X-A\r\n")),
    refused("field without name", get(headers=HOST + b": a\r\n")),
    refused("space in name", get(headers=HOST + b"X A: a\r\n")),
    refused("parenthesis in name", get(headers=HOST + b"X(A): a\r\n")),
    refused("at sign in name", get(headers=HOST + b"X@A: a\r\n")),
    refused("non-ascii name", get(headers=HOST + b"X-\xe9: a\r\n")),
]

HOSTS = [
    refused("no host", b"GET / HTTP/1.1\r\nAccept: a\r\n\r\n", rfc="9112 3.2"),
    refused("two hosts", get(headers=HOST + b"Host: other.test\r\n"), rfc="9112 3.2"),
    refused("two equal hosts", get(headers=HOST + HOST), rfc="9112 3.2"),
    refused("host with space", get(headers=b"Host: a b\r\n"), rfc="9112 3.2"),
    refused("host with path", get(headers=b"Host: a/b\r\n"), rfc="9112 3.2"),
    refused("host with user", get(headers=b"Host: u@a\r\n"), rfc="9112 3.2"),
    refused("host with bad port", get(headers=b"Host: a:b\r\n"), rfc="9112 3.2"),
    refused("host list", get(headers=b"Host: a, b\r\n"), rfc="9112 3.2"),
    served("host with port", get(b"/unread", b"Host: a:8000\r\n")),
    served("host ipv6", get(b"/unread", b"Host: [::1]:8000\r\n")),
    served("host empty", get(b"/unread", b"Host:\r\n"), rfc="9112 3.2 (empty is allowed)"),
    Case("1.0 without host", b"GET /unread HTTP/1.0\r\n\r\n", (200,), True),
]

TARGETS = [
    refused("fragment", get(b"/a#b")),
    refused("no slash", get(b"a")),
    refused("space in target", get(b"/a b")),
    refused("two spaces before version", b"GET /  HTTP/1.1\r\n" + HOST + b"\r\n"),
    refused("space after version", b"GET / HTTP/1.1 \r\n" + HOST + b"\r\n"),
    refused("space before method", b" GET / HTTP/1.1\r\n" + HOST + b"\r\n"),
    refused("no target", b"GET HTTP/1.1\r\n" + HOST + b"\r\n"),
    refused("no version", b"GET /\r\n" + HOST + b"\r\n"),
    refused("star for get", get(b"*")),
    refused("version without minor", b"GET / HTTP/1\r\n" + HOST + b"\r\n"),
    refused("version lower case", b"GET / http/1.1\r\n" + HOST + b"\r\n"),
    refused("version two digits", b"GET / HTTP/1.10\r\n" + HOST + b"\r\n"),
    refused("other protocol", b"GET / FTP/1.1\r\n" + HOST + b"\r\n"),
    refused("method with parenthesis", b"G(T / HTTP/1.1\r\n" + HOST + b"\r\n"),
    refused("garbage", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    refused("version 2.0", b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", 505),
    refused("version 3.0", b"GET / HTTP/3.0\r\n" + HOST + b"\r\n", 505),
    served("absolute form", get(b"http://example.test/unread"), b"ok", "9112 3.2.2"),
    served(
        "absolute form, other host", get(b"http://other.test:81/unread?q=1"), b"ok", "9112 3.2.2"
    ),
    served("options star", b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n"),
    served("options path", b"OPTIONS /unread HTTP/1.1\r\n" + HOST + b"\r\n"),
    served("unknown method", b"FROB /unread HTTP/1.1\r\n" + HOST + b"\r\n", b"ok", "9110 9.1"),
    served("method QUERY", b"QUERY /unread HTTP/1.1\r\n" + HOST + b"\r\n", b"ok"),
    served("method PROPFIND", b"PROPFIND /unread HTTP/1.1\r\n" + HOST + b"\r\n", b"ok"),
    served("method lower case", b"get /unread HTTP/1.1\r\n" + HOST + b"\r\n", b"ok", "9110 9.1"),
    served(
        "token method", b"M-SEARCH!#$%&'*+-.^_`|~09 /unread HTTP/1.1\r\n" + HOST + b"\r\n", b"ok"
    ),
    served("empty line first", b"\r\n" + get(b"/unread"), b"ok", "9112 2.2"),
    served("query only", get(b"/unread?")),
    served("percent in path", get(b"/unread?x=%00%ff")),
]

BODIES = [
    served("length", post(b"Content-Length: 3\r\n", b"abc"), b"abc"),
    served("length zero", post(b"Content-Length: 0\r\n"), b""),
    served("length leading zeros", post(b"Content-Length: 0003\r\n", b"abc"), b"abc", "9110 8.6"),
    served("length padded", post(b"Content-Length:   3  \r\n", b"abc"), b"abc"),
    served("no body", post(b""), b""),
    served("chunked", post(CHUNKED, b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), b"abcde"),
    served("chunked empty", post(CHUNKED, b"0\r\n\r\n"), b""),
    served("chunked upper hex", post(CHUNKED, b"A\r\n0123456789\r\n0\r\n\r\n"), b"0123456789"),
    served("chunked leading zeros", post(CHUNKED, b"0003\r\nabc\r\n000\r\n\r\n"), b"abc"),
    served(
        "chunked mixed case", post(b"Transfer-Encoding: ChUnKeD\r\n", b"1\r\na\r\n0\r\n\r\n"), b"a"
    ),
    served("chunk extension", post(CHUNKED, b"3;a=b\r\nabc\r\n0;c\r\n\r\n"), b"abc", "9112 7.1.1"),
    served(
        "chunk extension quoted",
        post(CHUNKED, b'3;a="b c"\r\nabc\r\n0\r\n\r\n'),
        b"abc",
        "9112 7.1.1",
    ),
    served("trailers", post(CHUNKED, b"3\r\nabc\r\n0\r\nX-T: v\r\n\r\n"), b"abc", "9112 7.1.2"),
    refused("chunk size empty", post(CHUNKED, b"\r\nabc\r\n0\r\n\r\n")),
    refused("chunk size minus", post(CHUNKED, b"-3\r\nabc\r\n0\r\n\r\n")),
    refused("chunk size plus", post(CHUNKED, b"+3\r\nabc\r\n0\r\n\r\n")),
    refused("chunk size 0x", post(CHUNKED, b"0x3\r\nabc\r\n0\r\n\r\n")),
    refused("chunk size space before", post(CHUNKED, b" 3\r\nabc\r\n0\r\n\r\n")),
    refused("chunk size space behind", post(CHUNKED, b"3 \r\nabc\r\n0\r\n\r\n")),
    refused("chunk size underscore", post(CHUNKED, b"1_0\r\n0123456789abcdef\r\n0\r\n\r\n")),
    refused("chunk size overflow", post(CHUNKED, b"fffffffffffffffff\r\nabc\r\n0\r\n\r\n")),
    refused("chunk size word", post(CHUNKED, b"xyz\r\nabc\r\n0\r\n\r\n")),
    refused("chunk size bare lf", post(CHUNKED, b"3\nabc\r\n0\r\n\r\n")),
    refused("chunk data bare lf", post(CHUNKED, b"3\r\nabc\n0\r\n\r\n")),
    refused("chunk data too long", post(CHUNKED, b"3\r\nabcd\r\n0\r\n\r\n")),
    refused("chunk data without crlf", post(CHUNKED, b"3\r\nabc0\r\n\r\n")),
    refused("chunk extension bare lf", post(CHUNKED, b"3;a\nb\r\nabc\r\n0\r\n\r\n")),
    refused("chunk extension bare cr", post(CHUNKED, b"3;a\rb\r\nabc\r\n0\r\n\r\n")),
    refused("last chunk bare lf", post(CHUNKED, b"0\n\n")),
    refused("trailer bare lf", post(CHUNKED, b"0\r\nX: y\n\r\n")),
    refused("trailer obs-fold", post(CHUNKED, b"0\r\nX: y\r\n z\r\n\r\n")),
    refused("trailer nul", post(CHUNKED, b"0\r\nX: \0\r\n\r\n")),
    refused("trailer without colon", post(CHUNKED, b"0\r\nX\r\n\r\n")),
]

PERSISTENCE = [
    Case(
        "1.1 close",
        get(b"/unread", HOST + b"Connection: close\r\n") + get(b"/unread"),
        (200,),
        True,
    ),
    Case("1.1 CLOSE in a list", get(b"/unread", HOST + b"Connection: x, CLOSE\r\n"), (200,), True),
    Case("1.1 default", get(b"/unread") * 2, (200, 200), False),
    Case("1.0 default", get(b"/unread", HOST, b"1.0"), (200,), True),
    Case(
        "1.0 keep-alive",
        get(b"/unread", HOST + b"Connection: keep-alive\r\n", b"1.0") * 2,
        (200, 200),
        False,
    ),
    Case(
        "1.0 keep-alive, close",
        get(b"/unread", HOST + b"Connection: keep-alive, close\r\n", b"1.0"),
        (200,),
        True,
    ),
    Case("pipelined ten", get(b"/unread") * 10, (200,) * 10, False),
    Case("pipelined posts", post(b"Content-Length: 3\r\n", b"abc") * 5, (200,) * 5, False),
    Case(
        "pipelined, unread bodies",
        post(b"Content-Length: 3\r\n", b"abc", b"/unread") * 3,
        (200,) * 3,
        False,
    ),
    Case(
        "pipelined chunked unread",
        post(CHUNKED, b"3\r\nabc\r\n0\r\n\r\n", b"/unread") * 3,
        (200,) * 3,
        False,
    ),
    Case("pipelined, slow first", get(b"/slow") + get(b"/unread"), (200, 200), False),
    Case("pipelined, second bad", get(b"/unread") + get(headers=b""), (200, 400), True),
    Case(
        "upgrade h2c ignored",
        get(
            b"/unread",
            HOST
            + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
        )
        + get(b"/unread"),
        (200, 200),
        False,
    ),
    Case(
        "upgrade websocket refused",
        get(
            b"/unread",
            HOST
            + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n",
        )
        + get(b"/unread"),
        (200, 200),
        False,
    ),
    refused(
        "expect unknown",
        post(b"Expect: 200-maybe\r\nContent-Length: 3\r\n", b"abc"),
        417,
        "9110 10.1.1",
    ),
]

LIMITS = [
    refused("request line too long", get(b"/" + b"a" * 9000), 414),
    refused("head too large", get(headers=HOST + b"X-A: " + b"a" * 70000 + b"\r\n"), 431),
    refused("too many fields", get(headers=HOST + b"X: y\r\n" * 150), 431),
    refused("name too long", get(headers=HOST + b"X" * 70000 + b": y\r\n"), 431),
    served("just below line", get(b"/unread?" + b"a" * 8000)),
    served("many fields", get(b"/unread", HOST + b"X: y\r\n" * 90)),
]

ALL = SMUGGLING + HOSTS + TARGETS + BODIES + PERSISTENCE + LIMITS
