"""More requests as raw bytes, from the edges of the grammars of RFC 9110, 9112 and 3986."""

from __future__ import annotations

from http_cases import CHUNKED, HOST, Case, get, post, refused, served

TARGETS = [
    *(
        served(f"target {target!r}", get(target), rfc="9112 3.2")
        for target in (
            b"//",
            b"/?-._~!$&'()*+,;=:@/?%20%aF",
            b"http://a:/unread",
            b"http://[::1]/unread",
            b"http://[::1]:80/unread",
            b"http://1.2.3.4/unread",
            b"http://a.b:65535/unread",
            b"http://%41/unread",
        )
    ),
    *(
        refused(f"target {target!r}", get(target), rfc="9112 3.2")
        for target in (
            b"ftp://a/",
            b"ws://a/",
            b"urn:a",
            b"mailto:a@b",
            b"http://a#b",
            b"http://a/#b",
            b"http://a:99999/",
            b"http://a:-1/",
            b"http://@a/",
            b"http://a@/",
            b"http://[::1]a/",
            b"http://::1/",
            b"http:a/",
            b"http://a\\b/",
            b"http://a|b/",
            b"http://a,b/",
            b"%2F",
            b"\\",
            b"./a",
            b"a?b",
        )
    ),
    *(
        refused(f"OPTIONS {target!r}", b"OPTIONS " + target + b" HTTP/1.1\r\n" + HOST + b"\r\n")
        for target in (b"**", b"*/", b"*?a", b"* ")
    ),
    *(
        refused(f"{method.decode()} *", method + b" * HTTP/1.1\r\n" + HOST + b"\r\n")
        for method in (b"PUT", b"DELETE", b"options")
    ),
    served("options of an authority", b"OPTIONS http://a HTTP/1.1\r\n" + HOST + b"\r\n"),
    refused("connect of a star", b"CONNECT * HTTP/1.1\r\n" + HOST + b"\r\n", 501),
    served("method of 64 bytes", b"A" * 64 + b" /unread HTTP/1.1\r\n" + HOST + b"\r\n", b"ok"),
    refused("method of 65 bytes", b"A" * 65 + b" / HTTP/1.1\r\n" + HOST + b"\r\n", 501, "9112 3"),
]

HOSTS = [
    *(
        served(f"host {host!r}", get(b"/unread", b"Host: " + host + b"\r\n"), b"ok", "3986 3.2.2")
        for host in (
            b"[::1]:",
            b"[::ffff:1.2.3.4]",
            b"[1:2:3:4:5:6:7:8]",
            b"a:0",
            b"a:00080",
            b"a;b",
            b"%41",
            b"256.256.256.256",
        )
    ),
    *(
        refused(f"host {host!r}", get(b"/", b"Host: " + host + b"\r\n"), rfc="3986 3.2.2")
        for host in (
            b"[::1]a",
            b"[::1]a:80",
            b"[1:2:3:4:5:6:7:8:9]",
            b"[[::1]]",
            b"[1.2.3.4]",
            b"[::1%eth0]",
            b"[]:80",
            b":80",
            b"a:65536",
            b"a:-1",
            b"a: 80",
            b"a :80",
            b"a\tb",
            b"a%",
            b"a%zz",
            b"a,b",
        )
    ),
    refused("1.0 with a bad host", get(b"/", b"Host: a b\r\n", b"1.0")),
    refused("1.0 with two hosts", get(b"/", HOST + HOST, b"1.0")),
    refused("absolute form with two hosts", get(b"http://a/", HOST + HOST)),
    refused("absolute form with a bad host", get(b"http://a/", b"Host: a b\r\n")),
    Case("1.0, absolute form without host", get(b"http://a/unread", b"", b"1.0"), (200,), True),
]

FRAMING = [
    served("length of 33 digits", post(b"Content-Length: " + b"0" * 32 + b"3\r\n", b"abc"), b"abc"),
    *(
        refused(f"length {value!r}", post(b"Content-Length: " + value + b"\r\n", b"abc"))
        for value in (
            b"3\x0b",
            b"3,",
            b",3",
            b"0, 0",
            b"3;q=1",
            b"[3]",
            b"%33",
            b"3L",
            b"NaN",
            b"-",
        )
    ),
    served(
        "length named by connection",
        post(b"Connection: content-length\r\nContent-Length: 3\r\n", b"abc"),
        b"abc",
    ),
    served(
        "coding named by connection",
        post(b"Connection: transfer-encoding\r\n" + CHUNKED, b"3\r\nabc\r\n0\r\n\r\n"),
        b"abc",
    ),
    served(
        "length with an underscore is another field",
        post(b"Content-Length: 3\r\nContent_Length: 4\r\n", b"abc"),
        b"abc",
    ),
    *(
        refused(f"te {value!r}", post(b"Transfer-Encoding: " + value + b"\r\n", b"0\r\n\r\n"))
        for value in (
            b"chunked ;a=b",
            b"identity, chunked",
            b"trailers, chunked",
            b"chunked, ",
            b"chu\tnked",
            b"chunked\xa0",
            b"*",
        )
    ),
    refused("te empty and a length", post(b"Transfer-Encoding:\r\nContent-Length: 3\r\n", b"abc")),
    *(
        served(
            f"chunk extension {ext!r}", post(CHUNKED, b"3" + ext + b"\r\nabc\r\n0\r\n\r\n"), b"abc"
        )
        for ext in (b';a="\\""', b";a=b;c=d;e", b";!#$%&'*+-.^_`|~=a")
    ),
    *(
        refused(f"chunk extension {ext!r}", post(CHUNKED, b"3" + ext + b"\r\nabc\r\n0\r\n\r\n"))
        for ext in (b';a="b', b";a=\x01", b';a="\x01"', b";\x7f", b"\t", b";a b", b";a,b")
    ),
    *(
        refused(f"chunk {chunk!r}", post(CHUNKED, chunk + b"0\r\n\r\n"))
        for chunk in (
            b"3h\r\nabc\r\n",
            b'"3"\r\nabc\r\n',
            b"3\0\r\nabc\r\n",
            b"3\r\n\r\nabc\r\n",
            b"3\r\nabc\r\n\r\n",
            b"3\r\nabc\r",
            b"3\n\rabc\r\n",
            b"3\r\r\nabc\r\n",
            b"10000000000000003\r\nabc\r\n",
        )
    ),
    refused("chunk size 2^63", post(CHUNKED, b"8000000000000000\r\nabc\r\n"), 413),
    *(
        served(
            f"trailer {field!r}", post(CHUNKED, b"3\r\nabc\r\n0\r\n" + field + b"\r\n\r\n"), b"abc"
        )
        for field in (
            b"X_T: a",
            b"X-T:",
            b"X-T: \xe9",
            b"Connection: close",
            b"Host: b",
            b"Expect: c",
        )
    ),
    *(
        refused(f"trailer {field!r}", post(CHUNKED, b"0\r\n" + field + b"\r\n\r\n"))
        for field in (b"X-T: \x01", b"X-T : a", b"X-T", b"X-T: a\rb")
    ),
]

CONNECTION = [
    *(
        served(f"connection {value!r}", get(b"/unread", HOST + b"Connection: " + value + b"\r\n"))
        for value in (b"", b",", b"closed", b'"close"', b"close=1", b"x;close", b"host", b"upgrade")
    ),
    *(
        Case(
            f"connection {value!r} closes",
            get(b"/unread", HOST + b"Connection: " + value + b"\r\n"),
            (200,),
            True,
        )
        for value in (b"close\t", b" , close , ", b"keep-alive,close")
    ),
    *(
        served(
            f"expect {value!r}", post(b"Content-Length: 3\r\nExpect: " + value + b"\r\n", b"abc")
        )
        for value in (b"", b",", b", 100-continue", b"100-CONTINUE", b"100-continue, 100-continue")
    ),
    *(
        refused(
            f"expect {value!r}",
            post(b"Content-Length: 3\r\nExpect: " + value + b"\r\n", b"abc"),
            417,
        )
        for value in (b"100", b"100-continue;q=1", b'"100-continue"', b"100-continue x", b"a=b")
    ),
    Case(
        "keep-alive of a proxy in 1.0",
        get(b"/unread", b"Proxy-Connection: keep-alive\r\n", b"1.0"),
        (200,),
        True,
    ),
    Case(
        "garbage behind a body",
        post(b"Content-Length: 3\r\n", b"abcEXTRA\r\n\r\n"),
        (200, 400),
        True,
    ),
    Case("lf behind a body", post(b"Content-Length: 3\r\n", b"abc\n") + get(), (200, 400), True),
    Case("three failures", get(b"/raises") * 3 + get(b"/unread"), (500, 500, 500, 200)),
    Case(
        "failure before its body is read",
        post(b"Content-Length: 3\r\n", b"abc", b"/raises") + get(b"/unread"),
        (500, 200),
    ),
    Case(
        "failure before its chunks are read",
        post(CHUNKED, b"3\r\nabc\r\n0\r\n\r\n", b"/raises") + get(b"/unread"),
        (500, 200),
    ),
]

OTHER_PROTOCOLS = [
    refused(f"opening of {name}", sent)
    for name, sent in (
        ("SSH", b"SSH-2.0-OpenSSH_9\r\n"),
        ("SMTP", b"HELO a\r\n"),
        ("Redis", b"*1\r\n$4\r\nPING\r\n"),
        ("PROXY", b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n"),
        ("PROXY version 2", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + b"\x01" * 12),
        ("RTSP", b"OPTIONS rtsp://a RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
        ("SSL 2", b"\x80\x2e\x01\0\x02"),
        ("a response", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ("a text with a byte order mark", b"\xef\xbb\xbf" + get()),
        ("UTF-16", "GET / HTTP/1.1\r\n".encode("utf-16-le")),
    )
]

ALL = TARGETS + HOSTS + FRAMING + CONNECTION + OTHER_PROTOCOLS
