"""The access log: what it says, and that nobody can make it say something else."""

from __future__ import annotations

import json
import os
import re
import threading
import time

import pytest

from support.processes import wait_for

APP = """
def app(environ, start_response):
    if environ["PATH_INFO"] == "/boom":
        raise ValueError("no")
    body = b"x" * 100
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""

LINE = re.compile(
    r'(?P<client>\S+) - - \[(?P<time>[^\]]+)\] "(?P<request>[^"]*)" (?P<status>\d+) (?P<size>\d+) '
    r'"(?P<referer>[^"]*)" "(?P<agent>[^"]*)" trace_id=(?P<trace>[0-9a-f]{32}) '
    r"span_id=(?P<span>[0-9a-f]{16}) queue_ms=(?P<queue>\d+\.\d{3}) app_ms=(?P<app>\d+\.\d{3}) "
    r"total_ms=(?P<total>\d+\.\d{3})(?: cpu_ms=(?P<cpu>\d+\.\d{3}))?(?: error=(?P<error>[a-z_]+))?"
)

# What may be in a request as a client sends it, and must not be in a line as it is.
FORGERIES = [
    b'GET /a%22 HTTP/1.1\r\nHost: a\r\nUser-Agent: x" 200 0 "\r\n\r\n',
    b"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: \\\r\n\r\n",
    b'GET / HTTP/1.1\r\nHost: a\r\nReferer: \xff\xfe\x80"\\"\r\n\r\n',
    b"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: \xe2\x80\xa8\xc2\x85\xe2\x80\xa9 10.0.0.1 - -\r\n\r\n",
    b'GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: ","status":200,"x":"\r\n\r\n',
    b"GET /?a=%0d%0a10.0.0.1%20-%20- HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: " + b"\xc3\xa9\t" * 2000 + b"\r\n\r\n",
    b"GET /" + b"a" * 6000 + b"?" + b"b" * 1000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
]


def lines(running, count):
    """The first count lines, without their ends."""
    running.wait_access("\n", count)
    return (running.folder / "stdout").read_bytes().split(b"\n")[:-1]


def test_text_is_combined_with_trace_and_timings(server):
    running = server(code=APP)
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    headers = {"User-Agent": "tests/1", "Referer": "http://a/", "traceparent": parent}
    running.get("/orders/17?full=1", headers)
    (line,) = lines(running, 1)
    found = LINE.fullmatch(line.decode())
    assert found, line
    assert found["client"] == "127.0.0.1"
    assert found["request"] == "GET /orders/17?full=1 HTTP/1.1"
    assert (found["status"], found["size"]) == ("200", "100")
    assert (found["referer"], found["agent"]) == ("http://a/", "tests/1")
    assert found["trace"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert 0 < float(found["app"]) <= float(found["total"]) + 1 < 1000
    assert re.fullmatch(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}", found["time"])
    assert found["error"] is None


def test_failures_have_their_error(server):
    running = server(code=APP)
    running.get("/boom")
    running.raw(b"GARBAGE\r\n\r\n")
    boom, garbage = (LINE.fullmatch(line.decode()) for line in lines(running, 2))
    assert (boom["status"], boom["error"]) == ("500", "app_exception")
    assert (garbage["status"], garbage["error"], garbage["request"]) == ("400", "bad_request", "-")


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_credentials_in_a_refused_target_are_not_shown(server, log_format):
    config = {"http": {"access_log_format": log_format}, "log": {"level": "debug"}}
    running = server(code=APP, config=config)
    for line in (
        b"GET http://who:hidden@h/p?sig=hidden HTTP/1.1",
        b"GET http://who:hidden@h/ HTTP/2.0",
        b"CONNECT who:hidden@h:443 HTTP/1.1",
        b"GET http://who:hidden\xff@h/ HTTP/1.1",
    ):
        assert running.raw(line + b"\r\nHost: h\r\n\r\n")[:10] in (b"HTTP/1.1 4", b"HTTP/1.1 5")
    written = [line.decode() for line in lines(running, 4)]
    for line, target in zip(written, ("http://h/p", "http://h/", "h:443", "http://"), strict=True):
        shown = (
            json.loads(line)["path"] if log_format == "json" else LINE.fullmatch(line)["request"]
        )
        assert target in (shown, *re.split("[ ?]", shown))
    pages = [running.admin(page)[1].decode() for page in ("/spans", "/spans.json", "/status")]
    assert running.stop() == 0
    for text in (*pages, running.log, running.access_log):
        assert "hidden" not in text and "who" not in text


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
def test_bodies_of_the_servers_own_are_counted(server, method):
    running = server(code=APP, config={"http": {"max_body_size": 10}})
    bodies = [
        running.raw(method + rest).partition(b"\r\n\r\n")[2]
        for rest in (
            b" /boom HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            b" / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world",
            b" / HTTP/1.1\r\n\r\n",
        )
    ]
    found = [LINE.fullmatch(line.decode()) for line in lines(running, 3)]
    assert [line["status"] for line in found] == ["500", "413", "400"]
    assert [int(line["size"]) for line in found] == [len(body) for body in bodies]
    assert all(bodies) == (method == b"GET")


def test_json_is_an_object_a_line(server):
    running = server(code=APP, config={"http": {"access_log_format": "json"}})
    running.get("/orders/17?full=1", {"User-Agent": "tests/1"})
    running.get("/boom")
    first, boom = (json.loads(line) for line in lines(running, 2))
    assert first["method"] == "GET"
    assert (first["path"], first["query"], first["protocol"]) == (
        "/orders/17", "full=1", "HTTP/1.1",
    )  # fmt: skip
    assert (first["status"], first["body_bytes"]) == (200, 100)
    assert first["bytes_out"] > 100
    assert first["user_agent"] == "tests/1"
    assert first["client"] == "127.0.0.1"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", first["time"])
    assert 0 < first["ttfb_ms"] <= first["total_ms"]
    assert first["pid"] == running.workers()[0]
    assert "error" not in first
    assert (boom["error"], boom["status"]) == ("app_exception", 500)
    assert boom["exception"].endswith("ValueError")


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_client_forges_a_line(server, form):
    running = server(code=APP, config={"http": {"access_log_format": form}})
    for request in FORGERIES:
        running.raw(request)
    running.get("/end")
    found = lines(running, len(FORGERIES) + 1)
    assert len(found) == len(FORGERIES) + 1
    for line in found:
        assert len(line) < 4096
        if form == "text":
            assert LINE.fullmatch(line.decode("ascii")), line
        else:
            record = json.loads(line)
            assert record["client"] == "127.0.0.1"
            # Nor does a reader that takes other characters for line ends see two.
            assert len(line.decode().splitlines()) == 1


def test_routes_can_be_left_out(server):
    running = server(
        code=APP,
        config={"route": [{"match": "GET /healthz", "access_log": False}]},
    )
    for path in ("/healthz", "/a", "/healthz", "/b"):
        running.get(path)
    found = lines(running, 2)
    assert [b"/a" in found[0], b"/b" in found[1], len(found)] == [True, True, 2]


def test_off_writes_nothing(server):
    running = server(code=APP, config={"http": {"access_log": "off"}})
    running.get("/")
    assert running.stop() == 0
    assert running.access_log == ""


def test_lines_of_many_workers_stay_whole(server, scratch):
    running = server(
        code=APP,
        config={
            "server": {"workers": 4, "threads": 4},
            "http": {"access_log": str(scratch / "access.log")},
        },
    )

    def client(number):
        with running.connect() as wire:
            for i in range(300):
                wire.send(b"GET /%d/%d?%s HTTP/1.1\r\nHost: a\r\n\r\n" % (number, i, b"q" * i))
                wire.read()

    threads = [threading.Thread(target=client, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert running.stop() == 0
    text = (scratch / "access.log").read_text()
    seen = [LINE.fullmatch(line) for line in text.splitlines()]
    assert all(seen)
    assert len({line["request"] for line in seen}) == len(seen) == 2400


def test_slow_reader_costs_lines_not_requests(server, scratch):
    path = scratch / "fifo"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        running = server(code=APP, config={"http": {"access_log": str(path)}})
        with running.connect() as wire:
            for i in range(2000):
                wire.send(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % i)
                assert wire.read().status == 200
        assert b"pellucid_access_log_dropped_total 0" not in running.admin("/metrics")[1]
        got = b""
        while piece := _read(reader):
            got += piece
        assert all(LINE.fullmatch(line) for line in got.decode().splitlines())
        running.get("/later")

        def later():
            nonlocal got
            got += _read(reader)
            return b"/later" in got

        wait_for("a later line", later, 10 * running.target.patience)
    finally:
        os.close(reader)


def _read(fd):
    try:
        return os.read(fd, 65536)
    except BlockingIOError:
        return b""


def test_killed_worker_loses_no_line(server):
    running = server(code=APP)
    with running.connect() as wire:
        for i in range(300):
            wire.send(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % i)
            wire.read()
        running.wait_recorded()
        running.kill_worker()
    found = lines(running, 300)
    assert len(found) == 300
    assert all(LINE.fullmatch(line.decode()) for line in found)


@pytest.mark.parametrize(
    ("proxies", "form", "is_believed"),
    [
        (["127.0.0.1"], "t={:.3f}", True),
        (["127.0.0.1"], "{:.0f}000", True),
        (["192.0.2.1"], "t={:.3f}", False),
        (["127.0.0.1"], "soon {:.3f}", False),
    ],
)
def test_time_in_the_proxy(server, receiver, proxies, form, is_believed):
    running = server(
        code=APP,
        config={
            "http": {"access_log_format": "json"},
            "server": {"trusted_proxies": proxies},
        },
        receiver=receiver,
    )
    running.get("/", {"X-Request-Start": form.format(time.time() - 20)})
    (record,) = (json.loads(line) for line in lines(running, 1))
    (span,) = running.spans(1)
    if not is_believed:
        assert "proxy_ms" not in record
        assert "pellucid.request.proxy.duration" not in span.attributes
        return
    assert 19_000 < record["proxy_ms"] < 20_000 + 10_000 * running.target.patience
    seconds = span.attributes["pellucid.request.proxy.duration"]
    assert seconds == pytest.approx(record["proxy_ms"] / 1000, abs=0.002)
