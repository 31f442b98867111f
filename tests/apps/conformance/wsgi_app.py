"""The WSGI app of the conformance suite: what a request became, told back as JSON, and odd responses."""

import json
import os
import tempfile
import time


def environ_of(environ):
    """The parts of environ that JSON can say; the body is read whole."""
    out = {k: v for k, v in environ.items() if isinstance(v, (str, int, bool))}
    out["wsgi.version"] = list(environ["wsgi.version"])
    try:
        body = environ["wsgi.input"].read()
    except OSError as exc:
        out["body_error"] = type(exc).__name__
        body = b""
    out["body"] = body.decode("latin-1")
    return out


def app(environ, start_response):
    path = environ["PATH_INFO"]
    handler = ROUTES.get(path, show)
    return handler(environ, start_response)


def show(environ, start_response):
    body = json.dumps(environ_of(environ)).encode()
    start_response("200 OK", [("Content-Type", "application/json")])
    return [body]


def echo(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return [body]


def unread(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]


def echo_stream(environ, start_response):
    """Answers each piece as it comes."""
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    stream = environ["wsgi.input"]
    while True:
        piece = stream.read(5)
        if not piece:
            return
        yield piece


def generator(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"one"
    yield b""
    yield b"two"


def no_pieces(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return []


def writer(environ, start_response):
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    write(b"first ")
    write(b"second ")
    return [b"third"]


def raises(environ, start_response):
    raise ValueError("the app is broken")


def raises_late(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"some"
    raise ValueError("too late")


def raises_exc_info(environ, start_response):
    import sys

    try:
        start_response("200 OK", [("Content-Type", "text/plain")])
        raise KeyError("before any byte")
    except KeyError:
        start_response("503 Sorry", [("Content-Type", "text/plain")], sys.exc_info())
        return [b"mended"]


def too_long(environ, start_response):
    start_response("200 OK", [("Content-Length", "3")])
    return [b"abcdef"]


def too_short(environ, start_response):
    start_response("200 OK", [("Content-Length", "10")])
    return [b"abc"]


def header(name, value):
    def handler(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain"), (name, value)])
        return [b"x"]

    return handler


def status(text, body=b"", headers=()):
    def handler(environ, start_response):
        start_response(text, list(headers))
        return [body] if body else []

    return handler


def sent_file(environ, start_response):
    handle = tempfile.TemporaryFile()
    handle.write(b"0123456789" * 20000)
    handle.seek(10)
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return environ["wsgi.file_wrapper"](handle, 4096)


def big(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return [b"x" * 5_000_000]


def slow(environ, start_response):
    time.sleep(0.3)
    start_response("200 OK", [("Content-Length", "4")])
    return [b"slow"]


def pid(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]


ROUTES = {
    "/echo": echo,
    "/unread": unread,
    "/echo-stream": echo_stream,
    "/generator": generator,
    "/no-pieces": no_pieces,
    "/writer": writer,
    "/raises": raises,
    "/raises-late": raises_late,
    "/exc-info": raises_exc_info,
    "/too-long": too_long,
    "/too-short": too_short,
    "/header-cr": header("X-Bad", "a\rb"),
    "/header-lf": header("X-Bad", "a\nSet-Cookie: b"),
    "/header-nul": header("X-Bad", "a\0b"),
    "/header-name": header("X Bad", "a"),
    "/header-name-lf": header("X\nBad", "a"),
    "/header-empty-name": header("", "a"),
    "/header-connection": header("Connection", "keep-alive"),
    "/header-te": header("Transfer-Encoding", "chunked"),
    "/header-latin1": header("X-Good", "caf\xe9"),
    "/header-unicode": header("X-Bad", "\u20ac"),
    "/header-date": header("Date", "Thu, 01 Jan 1970 00:00:00 GMT"),
    "/header-server": header("Server", "mine"),
    "/204": status("204 No Content"),
    "/204-body": status("204 No Content", b"must not be sent"),
    "/304": status("304 Not Modified", b"must not be sent", [("Content-Length", "16")]),
    "/999": status("999 Odd", b"odd"),
    "/status-short": status("20 OK", b"x"),
    "/status-none": status("OK", b"x"),
    "/status-lf": status("200 OK\nX: y", b"x"),
    "/bad-length": status("200 OK", b"x", [("Content-Length", "abc")]),
    "/two-lengths": status("200 OK", b"x", [("Content-Length", "1"), ("Content-Length", "1")]),
    "/file": sent_file,
    "/big": big,
    "/slow": slow,
    "/pid": pid,
}
