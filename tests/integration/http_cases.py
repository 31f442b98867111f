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
    *(
        refused(f"{chr(c)} in name", get(headers=HOST + b"X" + bytes([c]) + b"A: b\r\n"))
        for c in b'"(),/;<=>?[\\]{}\x7f'
    ),
    refused("lf before the request line", b"\n" + get()),
    refused("nul before the request line", b"\0" + get()),
    refused("length 2^63", post(b"Content-Length: 9223372036854775808\r\n", b"abc")),
    refused("length semicolon", post(b"Content-Length: 3;\r\n", b"abc")),
    refused("length quoted", post(b'Content-Length: "3"\r\n', b"abc")),
    refused("length superscript", post(b"Content-Length: \xb3\r\n", b"abc")),
    refused("length tab inside", post(b"Content-Length: 3\t3\r\n", b"abc")),
    refused("length minus zero", post(b"Content-Length: -0\r\n")),
    refused("length exponent", post(b"Content-Length: 1e1\r\n", b"0123456789")),
    refused("te leading comma", post(b"Transfer-Encoding: ,chunked\r\n", b"0\r\n\r\n")),
    refused("te trailing comma", post(b"Transfer-Encoding: chunked,\r\n", b"0\r\n\r\n")),
    refused("te two words", post(b"Transfer-Encoding: x chunked\r\n", b"0\r\n\r\n")),
    refused(
        "te identity and chunked fields",
        post(b"Transfer-Encoding: identity\r\n" + CHUNKED, b"0\r\n\r\n"),
    ),
    served(
        "te with an underscore is another field",
        post(b"Transfer_Encoding: chunked\r\nContent-Length: 3\r\n", b"abc"),
        b"abc",
    ),
    served("te padded with tabs", post(b"Transfer-Encoding:\tchunked \t\r\n", b"0\r\n\r\n"), b""),
    served("value of latin-1", get(b"/unread", HOST + b"X-A: caf\xe9\r\n"), b"ok", "9110 5.5"),
    served("value with a tab", get(b"/unread", HOST + b"X-A: a\tb\r\n"), b"ok", "9110 5.5"),
    served("value of spaces", get(b"/unread", HOST + b"X-A: \t \r\n"), b"ok", "9112 5.1"),
    served("name of all that a token has", get(b"/unread", HOST + b"!#$%&'*+-.^_`|~0Az: b\r\n")),
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
    *(
        refused(f"host {host!r}", get(headers=b"Host: " + host + b"\r\n"), rfc="3986 3.2.2")
        for host in (
            b"[::1",
            b"[]",
            b"::1",
            b"a:b:c",
            b"a:8x",
            b"a\\b",
            b'a"b',
            b"a<b",
            b"a?b",
            b"a#b",
            b"\xc3\xa9",
            b"http://a",
            b"a\x01b",
            b"u:p@a",
        )
    ),
    *(
        served(f"host {host!r} is one", get(b"/unread", b"Host: " + host + b"\r\n"), b"ok")
        for host in (
            b"a:",
            b"a.",
            b"A.TEST",
            b"a_b-c.d",
            b"a%20b",
            b"[::1]",
            b"1.2.3.4:65535",
            b"\ta ",
        )
    ),
    refused("absolute form without host", get(b"http://a/unread", b""), rfc="9112 3.2"),
    served("absolute form, empty host", get(b"http://a/unread", b"Host:\r\n"), b"ok"),
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
    *(
        refused(f"target {target!r}", get(target), rfc="9112 3.2")
        for target in (
            b"?a",
            b"..",
            b"a:80",
            b"http:",
            b"http:/",
            b"http://",
            b"http:///a",
            b"://a/",
            b"1http://a/",
            b"http://[::1/",
            b"http://u:p@a/",
            b"http://a b/",
            b"/a?b#c",
            b"/\xc3\xa9",
        )
    ),
    *(
        refused(f"version {version!r}", b"GET / " + version + b"\r\n" + HOST + b"\r\n")
        for version in (
            b"HTTP/1.1.1",
            b"HTTP/+1.1",
            b"HTTP/1.-1",
            b"HTTP/01.1",
            b"HTTP/1.",
            b"HTTP/.1",
            b"HTTP 1.1",
            b"HTTP/1,1",
            b"HTTP/1.1x",
            b"HTTP/1.1 x",
            b"HTTPS/1.1",
            b"ICE/1.0",
        )
    ),
    *(
        refused(f"method {method!r}", method + b" / HTTP/1.1\r\n" + HOST + b"\r\n")
        for method in (b"", b"GE:T", b"GE/T", b"G\0T", b"G\x7fT", b"\xc9T", b'"GET"', b"GET\t")
    ),
    refused("a request of HTTP/0.9", b"GET /\r\n\r\n"),
    refused("preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    refused("version 9.9", b"GET / HTTP/9.9\r\n" + HOST + b"\r\n", 505),
    refused("connect", b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 501),
    refused("connect of a path", b"CONNECT /unread HTTP/1.1\r\n" + HOST + b"\r\n", 501),
    served("version 1.2", get(b"/unread", HOST, b"1.2"), b"ok", "9110 2.5"),
    served("two empty lines first", b"\r\n\r\n" + get(b"/unread"), b"ok", "9112 2.2"),
    served("absolute form, empty path", get(b"http://a")),
    served("absolute form, upper case", get(b"HTTP://a/unread"), b"ok"),
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
    refused("chunk size comma", post(CHUNKED, b"3,3\r\nabc\r\n0\r\n\r\n")),
    refused("chunk size cut to 32 bits", post(CHUNKED, b"100000003\r\nabc\r\n0\r\n\r\n"), 413),
    refused("chunk size only an extension", post(CHUNKED, b";a=b\r\nabc\r\n0\r\n\r\n")),
    refused("chunk extension nul", post(CHUNKED, b"3;a\0\r\nabc\r\n0\r\n\r\n")),
    refused("chunk data too short", post(CHUNKED, b"3\r\nab\r\n0\r\n\r\n")),
    refused("chunk size bare cr", post(CHUNKED, b"3\rabc\r\n0\r\n\r\n")),
    refused("trailer with a length", post(CHUNKED, b"0\r\nContent-Length: 3\r\n\r\n")),
    refused("trailer with a coding", post(CHUNKED, b"0\r\nTransfer-Encoding: chunked\r\n\r\n")),
    refused("trailer with a space in its name", post(CHUNKED, b"0\r\nX Y: z\r\n\r\n")),
    served("body of GET", get(b"/echo", HOST + b"Content-Length: 3\r\n") + b"abc", b"abc"),
    served("chunked GET", get(b"/echo", HOST + CHUNKED) + b"3\r\nabc\r\n0\r\n\r\n", b"abc"),
    served("chunks of a byte", post(CHUNKED, b"1\r\na\r\n" * 2000 + b"0\r\n\r\n"), b"a" * 2000),
    served("empty line behind a body", post(b"Content-Length: 3\r\n", b"abc\r\n"), b"abc"),
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
    Case("1.0, more behind it", get(b"/unread", HOST, b"1.0") + get(b"/unread"), (200,), True),
    Case(
        "close in a second field",
        get(b"/unread", HOST + b"Connection: x\r\nConnection: close\r\n"),
        (200,),
        True,
    ),
    Case(
        "close among others",
        get(b"/unread", HOST + b"Connection: keep-alive , ,close\r\n"),
        (200,),
        True,
    ),
    served(
        "proxy-connection means nothing",
        get(b"/unread", HOST + b"Proxy-Connection: close\r\n"),
        b"ok",
    ),
    Case(
        "pipelined, middle bad",
        get(b"/unread") + get(headers=HOST + b"X Y: z\r\n") + get(b"/unread"),
        (200, 400),
        True,
    ),
    served(
        "upgrade with a body",
        post(b"Connection: upgrade\r\nUpgrade: foo/2\r\nContent-Length: 3\r\n", b"abc"),
        b"abc",
    ),
    served(
        "upgrade with a chunked body",
        post(b"Connection: upgrade\r\nUpgrade: foo/2\r\n" + CHUNKED, b"3\r\nabc\r\n0\r\n\r\n"),
        b"abc",
    ),
    served("upgrade without its connection option", get(b"/unread", HOST + b"Upgrade: h2c\r\n")),
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
    refused("expect unknown in a list", post(b"Expect: 100-continue, x\r\n"), 417),
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
    refused("chunk extension too long", post(CHUNKED, b"3;" + b"a" * 70000 + b"\r\n")),
    refused("trailers too long", post(CHUNKED, b"0\r\nX: " + b"a" * 70000 + b"\r\n\r\n"), 431),
    refused("zeros before a chunk size", post(CHUNKED, b"0" * 70000 + b"3\r\nabc\r\n")),
    served("just below line", get(b"/unread?" + b"a" * 8000)),
    served("many fields", get(b"/unread", HOST + b"X: y\r\n" * 90)),
]

ALL = SMUGGLING + HOSTS + TARGETS + BODIES + PERSISTENCE + LIMITS
