"""/status on routes: what a dashboard draws, told by the server alone."""

from __future__ import annotations

import time

from support.processes import wait_for

APP = """
import time

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/boom":
        raise ValueError("no")
    if path.startswith("/slow/"):
        time.sleep(0.1)
    environ["wsgi.input"].read()
    start_response("999 Odd" if path == "/odd" else "200 OK", [("Content-Length", "5000")])
    return [b"x" * 5000]
"""

CONFIG = {
    "route": [
        {"match": "/fast/*", "name": "/fast/{id}"},
        {"match": "/slow/*", "name": "/slow/{id}"},
    ],
    "requests": {"slow": "50ms"},
}


def routes_of(running, requests):
    """/status once that many requests are in it, and its routes under (method, route)."""

    def look():
        status = running.status()
        found = {(r["method"], r["route"]): r for r in status["routes"]}
        counted = sum(r["total"]["requests"] for r in found.values())
        return (status, found) if counted == requests else None

    return wait_for(f"{requests} requests", look, 10 * running.target.patience)


def test_routes_and_what_they_cost(server):
    running = server(code=APP, config=CONFIG)
    for i in range(10):
        running.get(f"/fast/{i}")
    for i in range(3):
        running.get(f"/slow/{i}")
    running.request("POST", "/fast/1", body=b"b" * 700)
    running.get("/boom")
    status, routes = routes_of(running, 15)
    assert set(routes) == {
        ("GET", "/fast/{id}"), ("GET", "/slow/{id}"), ("POST", "/fast/{id}"), ("GET", None),
    }  # fmt: skip

    fast = routes["GET", "/fast/{id}"]["total"]
    assert (fast["requests"], fast["errors"], fast["responses"]) == (10, 0, {"2xx": 10})
    assert fast["response_bytes"] == 50000
    assert 0 < fast["duration_seconds"]["p50"] <= fast["duration_seconds"]["p99"]
    assert routes["POST", "/fast/{id}"]["total"]["request_bytes"] == 700

    slow = routes["GET", "/slow/{id}"]["total"]
    assert 0.098 <= slow["duration_seconds"]["p50"] <= slow["duration_seconds"]["p999"]
    phases = slow["phases_seconds"]
    assert list(phases) == ["head", "body", "queue", "app", "write"]
    assert phases["app"] >= 0.098
    assert abs(sum(phases.values()) - slow["duration_seconds"]["mean"]) < 1e-6

    failed = routes["GET", None]["total"]
    assert (failed["requests"], failed["errors"], failed["responses"]) == (1, 1, {"5xx": 1})

    assert 0 < status["window_seconds"] < 60
    recent = routes["GET", "/slow/{id}"]["recent"]
    assert recent["requests"] == 3
    assert abs(recent["requests_per_second"] - 3 / status["window_seconds"]) < 0.01

    kept = status["kept"]
    assert [k["reason"] for k in kept].count("slow") >= 3
    (error,) = [k for k in kept if k["reason"] == "error"]
    assert (error["name"], error["path"], error["exception"]) == ("GET", "/boom", "ValueError")
    assert (len(error["trace_id"]), len(error["span_id"])) == (32, 16)


def test_statuses_beyond_599_are_5xx(server):
    running = server(code=APP)
    running.get("/odd")
    _, routes = routes_of(running, 1)
    odd = routes["GET", None]["total"]
    assert (odd["errors"], odd["responses"]) == (1, {"5xx": 1})


def test_nothing_is_forgotten_with_a_worker(server):
    running = server(code=APP, config=CONFIG)
    for i in range(5):
        running.get(f"/fast/{i}")
    routes_of(running, 5)
    running.kill_worker()
    running.get("/fast/5")
    _, routes = routes_of(running, 6)
    assert routes["GET", "/fast/{id}"]["total"]["requests"] == 6


def test_random_urls_make_no_routes(server):
    running = server(code=APP, config=CONFIG)
    with running.connect() as wire:
        for i in range(3000):
            wire.send(f"GET /{time.time_ns()}/{i} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            assert wire.read().status == 200
    _, routes = routes_of(running, 3000)
    assert set(routes) == {("GET", None)}
    text = running.metrics()
    assert text.count("http_server_request_duration_seconds_count{") == 1


def test_routes_beyond_the_cap_share_one_stream(server):
    # An app that names its routes badly: each request makes a new one.
    code = """
import pellucid

def app(environ, start_response):
    pellucid.request().route = environ["PATH_INFO"]
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""
    running = server(code=code)
    with running.connect() as wire:
        for i in range(1500):
            wire.send(f"GET /r/{i} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            assert wire.read().status == 200
    _, routes = routes_of(running, 1500)
    assert len(routes) == 1024
    assert routes[None, None]["total"]["requests"] == 1500 - 1023
    text = running.metrics()
    assert text.count("http_server_request_duration_seconds_count{") == 1024
    name = "http_server_request_duration_seconds_count"
    assert f'{name}{{otel_metric_overflow="true"}} {1500 - 1023}\n' in text
