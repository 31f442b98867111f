"""Exceptions of the app: one log event each, counted by type and place, on /metrics and /status."""

from __future__ import annotations

import json
import re

import pytest

from support.exceptions import errors, events
from support.processes import wait_for

WSGI = """
import json

def load(path):
    raise LookupError(f"no order {path}")

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path.startswith("/orders/"):
        load(path)
    if path == "/parse":
        json.loads("{")
    if path == "/many":
        raise type("Error" + environ["QUERY_STRING"], (Exception,), {})
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""

ASGI = """
class OutOfStock(Exception):
    pass

async def load():
    raise OutOfStock("none left")

async def app(scope, receive, send):
    if scope["type"] == "http":
        await load()
    raise RuntimeError("no lifespan")
"""

FAILING = {
    "wsgi": "def app(environ, start_response):\n    fail()",
    "asgi": "async def app(scope, receive, send):\n    fail()",
}


def test_exception_is_one_event_and_counted_by_type_and_place(server):
    config = {"log": {"format": "json"}, "route": [{"match": "GET /orders/{id}"}]}
    running = server(code=WSGI, config=config)
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert running.get("/orders/8").status == 500
    assert running.get("/orders/9", {"traceparent": parent}).status == 500
    assert running.get("/parse").status == 500
    assert running.get("/fine").status == 200

    first, second, third = events(running)
    assert second["exception.type"] == "LookupError"
    assert second["exception.message"] == "no order /orders/9"
    assert second["http.route"] == "/orders/{id}"
    assert second["http.request.method"] == "GET"
    assert second["url.path"] == "/orders/9"
    assert second["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert re.fullmatch("[0-9a-f]{16}", second["span_id"])
    assert second["code.function.name"].endswith(".load")
    assert second["code.line.number"] == 5
    assert second["detail"].endswith("LookupError: no order /orders/9")
    assert first["trace_id"] != second["trace_id"]
    # It was raised in the standard library, by what the app did in its own line.
    assert third["exception.type"] == "json.decoder.JSONDecodeError"
    assert third["code.line.number"] == 12

    seen = errors(running)
    assert len(seen) == 2
    order = seen["LookupError", 5]
    assert (order["count"], order["method"], order["route"]) == (2, "GET", "/orders/{id}")
    assert order["trace_id"] == second["trace_id"]
    assert order["span_id"] == second["span_id"]
    assert order["message"] == "no order /orders/9"
    assert order["stacktrace"].startswith("Traceback (most recent call last):\n")
    assert order["file"].endswith(".py")
    assert order["function"].endswith(".load")
    assert order["last"].startswith("20")
    # The one that was raised last comes first.
    assert running.status()["errors"][0]["type"] == "json.decoder.JSONDecodeError"

    metrics = running.metrics()
    assert re.search(
        r'^pellucid_app_exceptions_total\{exception_type="LookupError",'
        r'code_function_name="[\w.]+\.load",code_line_number="5"\} 2$',
        metrics,
        re.MULTILINE,
    )


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_names_that_are_no_utf_8(server, interface):
    """File names of code are bytes, which Python holds as lone surrogates."""
    code = f"""
source = "import json\\ndef load():\\n json.loads('{{')"
names = {{"__name__": "shop"}}
exec(compile(source, "b\\udcfccher.py", "exec"), names)
def fail():
    names["__name__"] = "b\\udcfccher"
    names["load"]()
{FAILING[interface]}
"""
    running = server(code=code, config={"log": {"format": "json"}})
    assert running.get("/").status == 500
    (event,) = events(running)
    assert event["code.function.name"] == "load"
    assert event["code.line.number"] == 3
    assert "code.file.path" not in event
    assert "b\\udcfccher.py" in event["detail"]
    assert running.get("/").status == 500
    assert errors(running)["json.decoder.JSONDecodeError", 3]["count"] == 2


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_route_that_the_app_has_set(server, interface):
    code = f"""
import pellucid
def fail():
    pellucid.request().route = "/things/{{id}}"
    raise LookupError("none")
{FAILING[interface]}
"""
    running = server(code=code, config={"log": {"format": "json"}})
    assert running.get("/things/7").status == 500
    (event,) = events(running)
    assert event["http.route"] == "/things/{id}"
    assert errors(running)["LookupError", 5]["route"] == "/things/{id}"


def test_counts_outlive_worker_and_observer(server):
    running = server(code=WSGI, config={"server": {"workers": 2}})
    for _ in range(6):
        assert running.get("/orders/1").status == 500
    assert errors(running)["LookupError", 5]["count"] == 6
    running.kill_worker()
    running.kill_observer()
    running.get("/orders/2")
    found = wait_for("the count", lambda: errors(running).get(("LookupError", 5)), 20)
    assert found["count"] == 7
    assert found["message"] == "no order /orders/2"


def test_kinds_are_bounded(server):
    running = server(code=WSGI)
    for number in range(80):
        assert running.get(f"/many?{number}").status == 500
    seen = running.status()["errors"]
    assert len(seen) == 64
    (overflow,) = [e for e in seen if e["is_overflow"]]
    assert (overflow["type"], overflow["count"]) == ("", 80 - 63)
    assert 'pellucid_app_exceptions_total{otel_metric_overflow="true"} 17' in running.metrics()


def test_asgi_exception(server):
    running = server(code=ASGI, config={"log": {"format": "json"}})
    assert running.get("/").status == 500
    (event,) = events(running)
    assert event["exception.type"].endswith("OutOfStock")
    assert event["code.function.name"].endswith(".load")
    ((kind, line),) = errors(running)
    assert kind.endswith("OutOfStock")
    assert line == 6


LATE = """
from fastapi import BackgroundTasks, Depends, FastAPI

app = FastAPI()

class OutOfStock(Exception):
    pass

async def job():
    raise OutOfStock("none left")

async def session():
    yield 1
    raise OutOfStock("not closed")

@app.get("/task/{number}")
async def task(number: int, tasks: BackgroundTasks):
    tasks.add_task(job)

@app.get("/session/{number}")
async def view(number: int, session: int = Depends(session)):
    return {}
"""


@pytest.mark.parametrize(("what", "function"), [("task", "job"), ("session", "session")])
def test_exception_after_the_response_is_like_any_other(server, what, function):
    pytest.importorskip("fastapi")
    running = server(code=LATE, config={"log": {"format": "json"}, "server": {"workers": 1}})
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert running.get(f"/{what}/7", {"traceparent": parent}).status == 200
    (event,) = wait_for(
        "the event",
        lambda: events(running, "PEL501", "PEL503"),
        10 * running.target.patience,
    )
    assert event["exception.type"].endswith(".OutOfStock")
    assert event["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert event["http.route"] == f"/{what}/{{number}}"
    assert event["url.path"] == f"/{what}/7"
    (seen,) = wait_for(
        "its count", lambda: running.status()["errors"], 10 * running.target.patience
    )
    assert (seen["count"], seen["route"]) == (1, f"/{what}/{{number}}")
    assert seen["function"].endswith(f".{function}")
    assert seen["span_id"] == event["span_id"]


@pytest.mark.parametrize("level", ["info", "error"])
def test_client_that_leaves_is_no_exception_of_the_app(server, tmp_path, level):
    running = server(
        code="""
import time
def app(environ, start_response):
    environ["wsgi.input"].read()
    return []
""",
        config={
            "log": {"level": level, "format": "json"},
            "http": {"access_log": str(tmp_path / "access"), "access_log_format": "json"},
        },
    )
    with running.connect() as wire:
        wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
    line = wait_for("the access line", (tmp_path / "access").read_text, 10)
    assert json.loads(line)["error"] == "client_disconnected"
    assert json.loads(line)["app_ms"] > 0
    assert running.stop() == 0
    assert not events(running)


def test_what_an_app_passes_to_start_response(server):
    """PEP 3333: exc_info is of an exception that the app has answered for."""
    running = server(
        code="""
import sys

def app(environ, start_response):
    status = environ["QUERY_STRING"]
    try:
        raise LookupError(status)
    except LookupError:
        start_response(status + " Sorry", [("Content-Length", "0")], sys.exc_info())
    return []
""",
        config={"log": {"format": "json"}},
    )
    assert running.get("/?404").status == 404
    assert running.get("/?503").status == 503
    (event,) = wait_for("the event", lambda: events(running), 10)
    assert event["exception.message"] == "503"
    assert errors(running)["LookupError", 7]["count"] == 1


def test_telling_of_an_exception_is_no_time_of_the_app(server):
    running = server(
        code="""
import sys
import time

class Slow(Exception):
    def __str__(self):
        end = time.thread_time() + 0.3
        while time.thread_time() < end:
            pass
        return "slow"

def app(environ, start_response):
    try:
        raise Slow
    except Slow:
        start_response("500 Sorry", [("Content-Length", "0")], sys.exc_info())
    return iter(())
""",
        config={"http": {"access_log_format": "json"}},
    )
    assert running.get("/").status == 500
    record = json.loads(running.wait_access("\n"))
    assert record["exception"] == "testapp.Slow"
    assert record.get("cpu_ms", 0) < 300
    assert record["app_ms"] < 300
