"""The admin address: its pages, who may read them, and clients that are slow or rude."""

from __future__ import annotations

import http.client
import json
import re
import socket
import time
from contextlib import ExitStack
from signal import SIGKILL

import pytest

from support.processes import wait_for
from support.running import free_port
from support.wire import Wire

APP = """
import time

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/boom":
        raise ValueError("<script>alert(1)</script>")
    if path == "/hang":
        time.sleep(60)
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""


def admin(running):
    """A connection to the admin address."""
    return Wire(("127.0.0.1", running.admin_port), 10 * running.target.patience)


def get(path, *fields):
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *fields, "", ""]).encode()


def shown(running, count):
    """The spans shown, once there are that many: a response arrives before its request ends."""
    return wait_for(
        f"{count} spans",
        lambda: (
            len(spans := json.loads(running.admin("/spans.json")[1])["spans"]) == count and spans
        ),
        10 * running.target.patience,
    )


def test_index_leads_to_every_page(server):
    running = server(code=APP)
    status, body = running.admin("/", {"Accept": "text/html"})
    assert status == 200
    for path in re.findall(r'href="([^"]+)"', body.decode()):
        assert running.admin(path)[0] == 200, path
    assert b"/metrics" in running.admin("/")[1]


def test_health_and_unknown_paths(server):
    running = server(code=APP)
    assert running.admin("/healthz") == (200, b"ok\n")
    assert running.admin("/nothing")[0] == 404
    with admin(running) as wire:
        assert wire.send(b"POST /status HTTP/1.1\r\nHost: localhost\r\n\r\n").read().status == 405


def test_status_tells_processes_and_requests(server):
    running = server(code=APP, config={"server": {"workers": 2}})
    for _ in range(3):
        running.get("/")
    with running.connect() as wire:
        wire.send(b"GET /hang HTTP/1.1\r\nHost: a\r\n\r\n")
        status = wait_for(
            "a request in flight",
            lambda: (
                (s := running.status())
                and s["totals"]["pellucid.requests"] == 3
                and [r["path"] for r in s["requests_in_flight"]] == ["/hang"]
                and s
            ),
            10 * running.target.patience,
        )
    (request,) = status["requests_in_flight"]
    assert request["method"] == "GET"
    assert 0 <= request["app_seconds"] <= request["age_seconds"] < 60
    assert re.fullmatch("[0-9a-f]{32}", request["trace_id"])
    assert status["supervisor"]["pid"] == running.pid
    assert status["supervisor"]["workers_wanted"] == 2
    workers = {w["pid"]: w for w in status["workers"]}
    assert set(workers) == set(running.workers())
    assert {w["state"] for w in workers.values()} == {"ready"}
    assert sum(w["requests"] for w in workers.values()) == 3
    assert status["exporter"] == {"is_enabled": False}
    running.signal(SIGKILL, request["pid"])  # it need not be waited for


def test_spans_are_shown_without_a_collector(server):
    running = server(code=APP)
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    running.get("/orders?sig=secret", {"traceparent": parent})
    running.get("/boom")
    boom, orders = shown(running, 2)
    assert (orders["path"], orders["query"], orders["status"]) == ("/orders", "sig=REDACTED", 200)
    assert orders["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert orders["parent_span_id"] == "00f067aa0ba902b7"
    moments = list(orders["timeline_seconds"].values())
    assert all(0 <= m < 10 for m in moments)
    assert (boom["is_failed"], boom["error"]) == (True, "app_exception")
    assert boom["exception"]["message"] == "<script>alert(1)</script>"
    text = running.admin("/spans")[1].decode()
    assert "4bf92f3577b34da6a3ce929d0e0e4736" in text
    assert "secret" not in text


def test_values_that_are_not_to_be_shown(server, receiver, tmp_path):
    """In spans, pages and both formats of the access log; the app gets what was sent."""
    for log_format in ("json", "text"):
        log = tmp_path / log_format
        config = {
            "trace": {"redact": ["Token", "api_key"]},
            "http": {"access_log": str(log), "access_log_format": log_format},
        }
        running = server(code=APP, config=config, receiver=receiver)
        sent = "/orders?a=1&to%6ben=hidden&API_KEY=hidden&sig=hidden"
        running.get(sent, {"Referer": "https://shop/?b=2&TOKEN=hidden"})
        (orders,) = shown(running, 1)
        wanted = "a=1&to%6ben=REDACTED&API_KEY=REDACTED&sig=REDACTED"
        assert orders["query"] == wanted
        assert running.stop() == 0
        line = log.read_text()
        assert wanted in line
        assert "https://shop/?b=2&TOKEN=REDACTED" in line
        assert "hidden" not in line
    assert {span.attributes["url.query"] for span in receiver.spans()} == {wanted}


def test_other_origins_have_no_part_in_it(server):
    running = server(code=APP)
    origin = "Origin: http://evil.example"
    with admin(running) as wire:
        for path in ("/status", "/spans", "/metrics", "/nothing", "/healthz"):
            answer = wire.send(get(path, origin, "Sec-Fetch-Site: cross-site")).read()
            assert answer.header("Access-Control-Allow-Origin") is None
            assert answer.header("Cross-Origin-Resource-Policy") == "same-origin"
            assert answer.header("X-Content-Type-Options") == "nosniff"


def test_html_has_nothing_of_clients_in_its_markup(server):
    running = server(code=APP)
    running.raw(b"GET /<script>alert(2)</script> HTTP/1.1\r\nHost: a\r\n\r\n")
    running.raw(b"GET /?'\"><img> HTTP/1.1\r\nHost: a\r\n\r\n")
    running.get("/boom")
    shown(running, 3)
    client = http.client.HTTPConnection("127.0.0.1", running.admin_port, timeout=10)
    client.request("GET", "/spans", headers={"Accept": "text/html"})
    answer = client.getresponse()
    page = answer.read().decode()
    client.close()
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page
    assert "<img" not in page


def test_text_has_a_line_for_each_request(server):
    """Whatever the app has made its route of."""
    name = "pellucid.request().route = '/a\\n\\x1b[31m\\u00e9'"
    code = APP.replace("import time", "import time, pellucid").replace(
        "    path =", f"    {name}\n    path ="
    )
    running = server(code=code)
    running.get("/b")
    shown(running, 1)
    (line,) = running.admin("/spans")[1].decode().splitlines()
    assert "  GET /a\\x0a\\x1b[31m\\xc3\\xa9  /b  " in line


def test_head_has_the_length_and_no_body(server):
    running = server(code=APP)
    with admin(running) as wire:
        wire.send(b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        response = wire.read("HEAD")
        assert (response.status, response.header("Content-Length")) == (200, "3")
        assert wire.send(get("/healthz")).read().body == b"ok\n"


def test_connection_is_kept(server):
    running = server(code=APP)
    with admin(running) as wire:
        for _ in range(20):
            assert wire.send(get("/metrics")).read().status == 200
        assert wire.send(get("/metrics", "Connection: close")).read().status == 200
        assert wire.is_closed()


def test_token_is_wanted(server):
    running = server(code=APP, config={"admin": {"token": "geheim"}})
    assert running.admin("/status")[0] == 401
    assert running.admin("/status", {"Authorization": "Bearer falsch"})[0] == 401
    assert running.admin("/nothing")[0] == 401
    assert running.admin("/status", {"Authorization": "Bearer geheim"})[0] == 200
    assert running.admin("/healthz")[0] == 200


def test_strange_host_is_refused(server):
    """DNS rebinding: a page of evil.example that resolves to 127.0.0.1."""
    running = server(code=APP)
    assert running.admin("/spans", {"Host": "evil.example:9464"})[0] == 403
    assert running.admin("/spans", {"Host": f"127.0.0.1:{running.admin_port}"})[0] == 200


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"NONSENSE\r\n\r\n", 400),
        (b"GET /status HTTP/1.1\r\n\r\n", 400),
        (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 20000 + b"\r\n\r\n", 431),
    ],
)
def test_rude_requests(server, request_bytes, status):
    running = server(code=APP)
    with admin(running) as wire:
        try:
            wire.send(request_bytes)
        except OSError:
            pass  # refused before it was sent whole
        assert wire.read().status == status
    assert running.admin("/healthz")[0] == 200


def test_silent_clients_do_not_lock_others_out(server):
    running = server(code=APP)
    with ExitStack() as stack:
        for _ in range(64):
            stack.enter_context(admin(running)).send(get("/healthz")).read()
        # All connections are taken, but idle: the oldest make room.
        for _ in range(5):
            assert running.admin("/healthz")[0] == 200


def test_clients_that_send_no_request_do_not_lock_others_out(server):
    running = server(code=APP)
    with ExitStack() as stack:
        silent = [stack.enter_context(admin(running)) for _ in range(80)]
        for wire in silent[40:]:
            wire.send(b"GET /status HTTP/1.1\r\nHost: loc")
        for _ in range(5):
            assert running.admin("/healthz")[0] == 200
        # Nor is one of them cut off that goes on in time.
        assert silent[-1].send(b"alhost\r\n\r\n").read().status == 200


def test_slow_client_is_cut_off(server):
    running = server(code=APP)
    with admin(running) as wire:
        start = time.monotonic()
        wire.sock.settimeout(30)
        wire.send(b"GET /status HTTP/1.1\r\nHost: loc")
        assert running.admin("/healthz")[0] == 200
        assert wire.read_all() == b""
        assert 5 < time.monotonic() - start < 20


def test_unix_socket(server, scratch):
    path = scratch / "admin.sock"
    running = server(code=APP, config={"admin": {"bind": f"unix:{path}"}})
    with Wire(str(path), 10) as wire:
        assert wire.send(get("/healthz")).read().status == 200
        assert wire.send(get("/status")).read().status == 200
    assert running.stop() == 0


def test_off_listens_nowhere(server):
    running = server(code=APP, config={"admin": {"bind": "off"}})
    running.get("/")
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", running.admin_port)):
        pass


def test_address_beyond_loopback_wants_a_token(server):
    port = free_port()
    running = server(code=APP, config={"admin": {"bind": f"0.0.0.0:{port}"}}, wait=False)
    assert running.wait() != 0
    assert "admin.token" in running.log
