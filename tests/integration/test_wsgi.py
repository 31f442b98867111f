"""PEP 3333 on the real server: what can be seen from outside, and only there.

tests/unit/gateway has each rule by itself; here are those in which time, sockets and threads matter.
"""

from __future__ import annotations

import json
import socket
import struct
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from support.processes import wait_for
from support.wire import request
from support.worker import Worker

APP = "wsgi_pep3333.app:app"
CHUNKED = {"Transfer-Encoding": "chunked"}


@pytest.fixture
def wsgi(worker) -> Worker:
    return worker(APP, {"server": {"threads": 4}})


def told(server: Worker) -> dict:
    return json.loads(server.get("/tell").body)


# --- streams ---


def test_a_piece_is_sent_before_the_next_is_made(wsgi):
    with wsgi.connect() as wire:
        wire.send(request("GET", "/stream"))
        assert wire.read_until(b"first\r\n").endswith(b"5\r\nfirst\r\n")
        wsgi.get("/release")
        assert wire.read_until(b"0\r\n\r\n") == b"6\r\nsecond\r\n0\r\n\r\n"
    wait_for("close()", lambda: told(wsgi)["closed"] == 1, 10)


def test_no_head_before_the_first_piece(wsgi):
    with wsgi.connect() as wire:
        wire.send(request("GET", "/late_head"))
        wire.sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            wire.sock.recv(1)
        wire.sock.settimeout(10)
        wsgi.get("/release")
        assert wire.read().body == b"x"


def test_write_sends_at_once(wsgi):
    with wsgi.connect() as wire:
        wire.send(request("GET", "/written"))
        assert wire.read_until(b"written \r\n").startswith(b"HTTP/1.1 200 OK\r\n")
        wsgi.get("/release")
        assert wire.read_until(b"0\r\n\r\n") == b"8\r\nreturned\r\n0\r\n\r\n"


def test_close_when_the_client_leaves(wsgi):
    for abort in (False, True):
        before = told(wsgi)["closed"]
        with wsgi.connect() as wire:
            wire.send(request("GET", "/endless"))
            wire.read_until(b"x")
            if abort:
                wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wait_for("close()", lambda n=before: told(wsgi)["closed"] == n + 1, 10)
    assert "Traceback" not in wsgi.log


def test_early_hints(wsgi):
    assert wsgi.raw(request("GET", "/hints")).startswith(
        b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\n"
    )
    assert wsgi.raw(b"GET /hints HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 OK\r\n")


# --- bodies ---


def test_large_body_in_pieces(wsgi):
    body = b"0123456789" * 500_000
    for headers in ({}, CHUNKED):
        data = body if not headers else b"".join(chunks(body, 70001))
        res = wsgi.request("POST", "/read_pieces", headers, data, timeout=60)
        assert res.body == b"5000000"


def chunks(body: bytes, size: int) -> list[bytes]:
    pieces = [body[i : i + size] for i in range(0, len(body), size)]
    return [b"%x\r\n%s\r\n" % (len(p), p) for p in pieces] + [b"0\r\n\r\n"]


def test_lines_of_a_chunked_body(wsgi):
    body = b"".join(chunks(b"one\ntwo\nthree", 4))
    assert wsgi.request("POST", "/read_lines", CHUNKED, body).body == b"one\n|two\n|three"


@pytest.mark.parametrize(
    ("headers", "rest", "error"),
    [
        ({"Content-Length": "10"}, b"", "TimeoutError"),
        (CHUNKED, b"", "TimeoutError"),
        (CHUNKED, b"zz\r\n", "OSError"),
    ],
)
def test_a_body_that_fails(worker, headers, rest, error):
    server = worker(APP, {"http": {"body_timeout": "500ms"}})
    with server.connect() as wire:
        wire.send(request("POST", "/read_whole", headers, b"3\r\nabc\r\n"))
        wait_for("the call", lambda: told(server).get("reads"), 10)
        wire.send(rest)
        wait_for("the error", lambda: told(server).get("read") == error, 10)
        assert b" 200 " not in wire.read_all()
    assert "Traceback" not in server.log


def test_a_client_that_leaves_within_its_body(wsgi):
    with wsgi.connect() as wire:
        wire.send(request("POST", "/read_whole", {"Content-Length": "10"}, b"abc"))
    wait_for("the error", lambda: told(wsgi).get("read") == "ConnectionResetError", 10)
    assert "Traceback" not in wsgi.log


def test_an_unread_body_does_not_disturb_the_next_request(wsgi):
    with wsgi.connect() as wire:
        wire.send(request("POST", "/hello", body=b"GET /raises HTTP/1.1\r\nHost: x\r\n\r\n"))
        wire.send(request("GET", "/hello"))
        assert [wire.read().body, wire.read().body] == [b"hello", b"hello"]


# --- files ---


def test_file(wsgi):
    data = b"0123456789" * 300_000
    res = wsgi.get("/file")
    assert res.body == data[7:] and res.header("Content-Length") == str(len(data) - 7)
    res = wsgi.get("/file?1000")
    assert res.body == data[7:1007]


# --- failures ---


def test_exception(wsgi):
    assert wsgi.get("/raises").status == 500
    log = wsgi.wait_log("ValueError: the app is broken\n")
    assert "error" in log and "GET /raises raised ValueError: the app is broken [trace " in log
    assert "in raises\n" in log
    assert wsgi.get("/hello").status == 200


def test_exception_after_the_head(wsgi):
    for path in ("/raises_late", "/exc_info_late"):
        answer = wsgi.raw(request("GET", path), quiet=2)
        assert answer.endswith(b"4\r\nsome\r\n")
    wsgi.wait_log("ValueError: too late")
    wsgi.wait_log("KeyError: 're-raised'")


def test_exception_in_close(wsgi):
    with wsgi.connect() as wire:
        for _ in range(2):
            wire.send(request("GET", "/raises_in_close"))
            assert wire.read().body == b"x"
    wsgi.wait_log("ValueError: in close", 2)


@pytest.mark.parametrize("path", ["/exits", "/interrupts"])
def test_the_worker_outlives_exits(wsgi, path):
    assert wsgi.get(path).status == 500
    assert wsgi.get("/hello").body == b"hello"
    assert wsgi.is_running()


def test_objects_kept_for_too_long(wsgi):
    assert json.loads(wsgi.get("/keeps").body) == []
    assert json.loads(wsgi.get("/keeps").body) == ["the request is over"] * 3


def test_errors_stream(wsgi):
    wsgi.get("/errors")
    wsgi.wait_log("said by the app \u20ac\n")


# --- environ ---


def test_environ(wsgi):
    with wsgi.connect() as wire:
        wire.send(request("GET", "/environ/a%20b?c=d", {"X-A": "1"}))
        env = json.loads(wire.read().body)
        port = wire.sock.getsockname()[1]
    assert env["SERVER_NAME"] == "127.0.0.1" and env["SERVER_PORT"] == str(wsgi.address[1])
    assert env["REMOTE_ADDR"] == "127.0.0.1" and env["REMOTE_PORT"] == str(port)
    assert env["PATH_INFO"] == "/environ/a b" and env["QUERY_STRING"] == "c=d"
    assert env["wsgi.multithread"] is True and env["wsgi.multiprocess"] is False


def test_nothing_is_left_of_the_request_before(wsgi):
    """Keys that one request has and the next has not, on one connection and on others."""
    full = {"X-A": "1", "Cookie": "a=b", "X-Forwarded-For": "203.0.113.7", "tracestate": "a=b"}
    with wsgi.connect() as wire:
        for _ in range(3):
            wire.send(request("GET", "/environ?q", full))
            env = json.loads(wire.read().body)
            assert env["HTTP_X_A"] == "1" and env["REMOTE_ADDR"] == "203.0.113.7"
            wire.send(b"GET /environ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            env = json.loads(wire.read().body)
            assert env["QUERY_STRING"] == "" and env["REMOTE_ADDR"] == "127.0.0.1"
            assert {k for k in env if k.startswith("HTTP_")} == {
                "HTTP_CONNECTION",
                "HTTP_TRACEPARENT",
            }
            assert env["SERVER_PROTOCOL"] == "HTTP/1.0"


def test_root_path(worker):
    server = worker(APP, {"server": {"root_path": "/shop"}})
    for path, headers, name in (
        ("/shop/environ", {}, "/shop"),
        ("/environ", {}, "/shop"),
        ("/environ", {"X-Forwarded-Prefix": "/eu"}, "/eu/shop"),
    ):
        env = json.loads(server.get(path, headers).body)
        assert (env["SCRIPT_NAME"], env["PATH_INFO"]) == (name, "/environ")


def test_trace_context(wsgi):
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    env = json.loads(wsgi.get("/environ", {"traceparent": parent, "tracestate": "v=1"}).body)
    assert env["HTTP_TRACEPARENT"][:36] == parent[:36] and env["HTTP_TRACEPARENT"] != parent
    assert env["HTTP_TRACESTATE"] == "v=1"


# --- threads, validation, clients ---


def test_requests_at_once(wsgi):
    with ThreadPoolExecutor(4) as pool:
        bodies = list(pool.map(lambda _: wsgi.get("/together", timeout=30).body, range(4)))
    assert bodies == [b"x"] * 4


def test_validator(wsgi):
    assert wsgi.get("/validated").body == b"valid "
    assert wsgi.get("/validated?stream").body == b"streamed "
    assert wsgi.request("POST", "/validated", body=b"12345").body == b"valid 12345"
    chunked = b"".join(chunks(b"12345", 2))
    assert wsgi.request("POST", "/validated", CHUNKED, chunked).body == b"valid 12345"
    assert wsgi.get("/validated?raise").status == 500
    assert "AssertionError" not in wsgi.log and "WSGIWarning" not in wsgi.log


def test_with_httpx(wsgi):
    with httpx.Client(base_url=wsgi.url) as client:
        assert client.get("/hello").text == "hello"
        with client.stream("GET", "/endless") as res:
            assert next(res.iter_bytes(1000)) == b"x" * 1000
        assert client.post("/read_whole", content=iter([b"a", b"b"])).content == b"ab"
        assert client.get("/hello").text == "hello"
