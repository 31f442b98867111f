"""Exceptions of the app: one log event each, counted by type and place, on /metrics and /status."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.processes import wait_for
from support.samples import parse, total

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


def errors(running):
    return {(e["type"], e["line"]): e for e in running.status()["errors"]}


def events(running):
    """The log lines about exceptions of the app."""
    return [record for record in json_lines(running) if record["code"] == "PEL501"]


def json_lines(running):
    return [json.loads(line) for line in running.log.splitlines() if line.startswith("{")]


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
        lambda: [line for line in json_lines(running) if line["code"] in ("PEL501", "PEL503")],
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


FLASK = """
from flask import Flask

app = Flask(__name__)

@app.route("/orders/<int:number>")
def order(number):
    raise LookupError(f"no order {number}")

@app.route("/fine")
def fine():
    return "fine"
"""

DJANGO = """
from django.conf import settings
from django.core.handlers.__INTERFACE__ import __INTERFACE__Handler
from django.urls import path

def order(request, number):
    raise LookupError(f"no order {number}")

async def async_order(request, number):
    raise LookupError(f"no order {number}")

urlpatterns = [path("orders/<int:number>", __VIEW__)]
settings.configure(ROOT_URLCONF=__name__, DEBUG=__DEBUG__, ALLOWED_HOSTS=["*"], SECRET_KEY="x")
import django
django.setup()
app = __HANDLER__()
"""


def django(interface="wsgi", view="order", debug=False):
    code = DJANGO.replace("__INTERFACE__Handler", f"{interface.upper()}Handler")
    code = code.replace("__INTERFACE__", interface).replace("__VIEW__", view)
    return code.replace("__HANDLER__", f"{interface.upper()}Handler").replace(
        "__DEBUG__", str(debug)
    )


QUART = """
from quart import Quart

app = Quart(__name__)

@app.route("/orders/<int:number>")
async def order(number):
    raise LookupError(f"no order {number}")
"""

LITESTAR = """
from litestar import Litestar, Response, get
from litestar.exceptions import NotFoundException, ServiceUnavailableException

@get("/orders/{number:int}")
async def order(number: int) -> str:
    raise LookupError(f"no order {number}")

@get("/sync/{number:int}", sync_to_thread=True)
def sync_order(number: int) -> str:
    raise LookupError(f"no order {number}")

@get("/answers/{kind:str}")
async def answers(kind: str) -> str:
    raise {"none": NotFoundException, "busy": ServiceUnavailableException, "own": KeyError}[kind]

def own(request, exc):
    return Response("own", status_code=409)

inner = Litestar([order, sync_order, answers], exception_handlers={KeyError: own})

class Middleware:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)

app = Middleware(Middleware(inner))
"""

FASTAPI = """
from fastapi import FastAPI
from fastapi.responses import JSONResponse

app = FastAPI()

@app.get("/orders/{number}")
async def order(number: int):
    raise LookupError(f"no order {number}")

@app.exception_handler(Exception)
async def own(request, exc):
    return JSONResponse({}, status_code=500)
"""


@pytest.mark.parametrize(
    ("module", "code", "function", "route"),
    [
        ("flask", FLASK, "order", "/orders/<int:number>"),
        ("django", django(), "order", "/orders/<int:number>"),
        ("django", django(debug=True), "order", "/orders/<int:number>"),
        ("django", django("asgi"), "order", "/orders/<int:number>"),
        ("django", django("asgi", "async_order"), "async_order", "/orders/<int:number>"),
        ("django", django("asgi", debug=True), "order", "/orders/<int:number>"),
        ("quart", QUART, "order", "/orders/<int:number>"),
        ("litestar", LITESTAR, "order", "/orders/{number}"),
        ("fastapi", FASTAPI, "order", "/orders/{number}"),
    ],
)
def test_framework_that_answers_for_the_app(server, module, code, function, route):
    pytest.importorskip(module)
    line = code.split("\n").index('    raise LookupError(f"no order {number}")') + 1
    line += 3 if function == "async_order" else 0
    running = server(code=code, config={"log": {"format": "json"}})
    assert running.get("/orders/7").status == 500
    assert running.get("/orders/8").status == 500
    assert running.get("/none").status == 404
    found = wait_for("two events", lambda: len(events(running)) == 2 and events(running), 10)
    # A line may come after its answer.
    first, second = sorted(found, key=lambda event: event["exception.message"])
    assert first["exception.message"] == "no order 7"
    assert second["exception.type"] == "LookupError"
    assert second["code.function.name"].endswith(f".{function}")
    assert second["code.line.number"] == line
    assert second["http.route"] == route
    ((key, error),) = errors(running).items()
    assert key == ("LookupError", line)
    assert error["count"] == 2
    # One metric of exceptions, and failed requests of their route.
    text = running.metrics()
    assert total(parse(text), "pellucid_app_exceptions_total") == 2
    assert "pellucid_exceptions" not in text
    failed = {r["route"]: r["total"]["errors"] for r in running.status()["routes"]}
    assert failed[route] == 2 and sum(failed.values()) == 2
    spans = json.loads(running.admin("/spans.json")[1])["spans"]
    (span,) = [s for s in spans if s["path"] == "/orders/8"]
    assert span["exception"]["type"] == "LookupError"
    assert span["trace_id"] == second["trace_id"]


def test_what_litestar_answers_by_intent_is_no_exception(server):
    pytest.importorskip("litestar")
    running = server(code=LITESTAR, config={"log": {"format": "json"}})
    assert running.get("/answers/none").status == 404
    assert running.get("/answers/busy").status == 503
    assert running.get("/answers/own").status == 409
    assert running.get("/sync/1").status == 500
    (event,) = wait_for("the event", lambda: events(running), 10)
    assert event["url.path"] == "/sync/1"


def test_requests_that_fail_at_once_keep_their_exceptions(server):
    """Signals come from other threads: each exception is that of its own request."""
    pytest.importorskip("django")
    running = server(code=django("asgi"), config={"log": {"format": "json"}})
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda n: running.get(f"/orders/{n}").status, range(40)))
    assert statuses == [500] * 40
    found = wait_for("40 events", lambda: len(events(running)) == 40 and events(running), 20)
    for event in found:
        assert event["exception.message"] == "no order " + event["url.path"].rpartition("/")[2]
    assert len({event["trace_id"] for event in found}) == 40
