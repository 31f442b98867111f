"""Exceptions that a framework answers for: seen as if the app had not handled them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.exceptions import errors, events
from support.processes import wait_for
from support.samples import parse, total

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

FALCON = """
import falcon
from falcon.app import App
from falcon.asgi import App as AsyncApp

def order(number):
    raise LookupError(f"no order {number}")

def answer(kind):
    raise {
        "busy": falcon.HTTPServiceUnavailable,
        "failed": falcon.HTTPInternalServerError,
        "status": falcon.HTTPStatus(falcon.HTTP_500),
        "own": KeyError,
        "other": IndexError,
        "again": TypeError,
        "hidden": ZeroDivisionError,
    }[kind]

class Orders:
    __ASYNC__def on_get(self, req, resp, number):
        order(number)

class Answers:
    __ASYNC__def on_get(self, req, resp, kind):
        answer(kind)

class Hide:
    __ASYNC__def process_response(self, req, resp, resource, is_fine):
        if req.path == "/answers/hidden":
            resp.status = falcon.HTTP_404

__ASYNC__def own(req, resp, exc, params):
    resp.status = falcon.HTTP_500

__ASYNC__def other(req, resp, exc, params):
    raise falcon.HTTPBadGateway

__ASYNC__def again(req, resp, exc, params):
    raise exc

app = __APP__(middleware=[Hide()])
app.add_route("/orders/{number}", Orders())
app.add_route("/answers/{kind}", Answers())
app.add_error_handler(KeyError, own)
app.add_error_handler(IndexError, other)
app.add_error_handler(TypeError, again)
"""

BOTTLE = """
import bottle

app = bottle.Bottle()

@app.route("/orders/<number:int>")
def order(number):
    raise LookupError(f"no order {number}")

@app.route("/rows/<number:int>")
def rows(number):
    order(number)
    yield "a row"

@app.route("/answers/<kind>")
def answers(kind):
    raise {"busy": bottle.HTTPError(503), "status": bottle.HTTPResponse(status=500)}[kind]

@app.route("/hidden")
def hidden():
    raise KeyError

@app.error(500)
def own(error):
    if isinstance(error.exception, KeyError):
        bottle.response.status = 404
    return "own"

@app.error(404)
def none(error):
    if bottle.request.path == "/critical":
        raise IndexError
    return "none"
"""


def falcon(interface="wsgi"):
    code = FALCON.replace("__ASYNC__", "async " if interface == "asgi" else "")
    return code.replace("__APP__", "AsyncApp" if interface == "asgi" else "App")


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
        ("falcon", falcon(), "order", "/orders/{number}"),
        ("falcon", falcon("asgi"), "order", "/orders/{number}"),
        ("bottle", BOTTLE, "order", "/orders/<number:int>"),
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


def test_litestar_anywhere_in_an_app(server):
    pytest.importorskip("litestar")
    pytest.importorskip("starlette")
    code = (
        LITESTAR
        + """
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.routing import Mount

async def dispatch(request, call_next):
    return await call_next(request)

app = Starlette(
    routes=[Mount("/inner", inner)],
    middleware=[Middleware(BaseHTTPMiddleware, dispatch=dispatch)],
)
"""
    )
    running = server(code=code, config={"log": {"format": "json"}})
    assert running.get("/inner/answers/none").status == 404
    assert running.get("/inner/orders/1").status == 500
    assert running.get("/inner/sync/1").status == 500
    found = wait_for("two events", lambda: len(events(running)) == 2 and events(running), 10)
    assert {event["url.path"] for event in found} == {"/inner/orders/1", "/inner/sync/1"}


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_what_falcon_answers_by_intent_is_no_exception(server, interface):
    pytest.importorskip("falcon")
    running = server(code=falcon(interface), config={"log": {"format": "json"}})
    expected = {"busy": 503, "failed": 500, "status": 500, "own": 500, "other": 502, "hidden": 404}
    for kind, status in expected.items():
        assert running.get(f"/answers/{kind}").status == status, kind
    assert running.get("/answers/again").status == 500
    assert running.get("/orders/1").status == 500
    found = wait_for("two events", lambda: len(events(running)) == 2 and events(running), 10)
    assert {event["exception.type"] for event in found} == {"TypeError", "LookupError"}


def test_falcon_in_a_task_of_a_middleware(server):
    pytest.importorskip("falcon")
    pytest.importorskip("starlette")
    code = (
        falcon("asgi")
        + """
from starlette.middleware.base import BaseHTTPMiddleware

async def dispatch(request, call_next):
    return await call_next(request)

app = BaseHTTPMiddleware(app, dispatch)
"""
    )
    running = server(code=code, config={"log": {"format": "json"}})
    assert running.get("/answers/busy").status == 503
    assert running.get("/orders/7").status == 500
    (event,) = wait_for("the event", lambda: events(running), 10)
    assert event["exception.message"] == "no order 7"
    ((_, error),) = errors(running).items()
    assert error["trace_id"] == event["trace_id"]


def test_what_bottle_answers(server):
    """By intent, for an iterable of the app, and when an error handler of the app has raised."""
    pytest.importorskip("bottle")
    running = server(code=BOTTLE, config={"log": {"format": "json"}})
    expected = {"/answers/busy": 503, "/answers/status": 500, "/hidden": 404, "/critical": 500}
    for path, status in (expected | {"/rows/1": 500}).items():
        assert running.get(path).status == status, path
    found = wait_for("two errors", lambda: len(errors(running)) == 2 and errors(running), 10)
    assert {(kind, e["count"]) for (kind, _), e in found.items()} == {
        ("IndexError", 1),
        ("LookupError", 1),
    }


STREAMS = {
    "litestar": """
from litestar import Litestar, get
from litestar.background_tasks import BackgroundTask
from litestar.response import Response, Stream

async def pieces():
    yield b"piece"
    raise ConnectionError("of the app")

async def later():
    raise ConnectionError("of the app")

@get("/stream")
async def stream() -> Stream:
    return Stream(pieces())

@get("/later")
async def background() -> Response[str]:
    return Response("", background=BackgroundTask(later))

app = Litestar([stream, background])
""",
    "starlette": """
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

async def pieces():
    yield b"piece"
    raise ConnectionError("of the app")

async def later():
    raise ConnectionError("of the app")

async def stream(request):
    return StreamingResponse(pieces())

async def background(request):
    return PlainTextResponse("", background=BackgroundTask(later))

app = Starlette(routes=[Route("/stream", stream), Route("/later", background)])
""",
}


@pytest.mark.parametrize("module", STREAMS)
def test_framework_that_raises_its_own_for_what_the_app_has_raised(server, module):
    """Once a response has begun: Litestar always, Starlette for an OSError of a stream."""
    pytest.importorskip(module)
    running = server(code=STREAMS[module], config={"log": {"format": "json"}})
    with running.connect() as wire:
        wire.send(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"piece" in wire.read_all(5)
    assert running.get("/later").status == 200
    found = wait_for("two kinds", lambda: len(errors(running)) == 2 and errors(running), 10)
    assert {(kind, error["function"], error["count"]) for (kind, _), error in found.items()} == {
        ("ConnectionError", "testapp.pieces", 1),
        ("ConnectionError", "testapp.later", 1),
    }
    for error in found.values():
        assert error["message"] == "of the app"
        assert error["stacktrace"].rstrip().endswith("ConnectionError: of the app")


HANDLER500 = """

def handler500(request):
    raise KeyError("of the handler")
"""

LEFT = {
    "flask": (FLASK + "\napp.debug = True\n", "/orders/<int:number>"),
    "werkzeug.debug": (
        FLASK
        + """
from werkzeug.debug import DebuggedApplication

app.debug = True
app.wsgi_app = DebuggedApplication(app.wsgi_app)
""",
        "/orders/<int:number>",
    ),
    "django": (django() + HANDLER500, "/orders/<int:number>"),
    "django.core.asgi": (django("asgi") + HANDLER500, "/orders/<int:number>"),
    "falcon": (falcon() + "\ndel app._error_handlers[Exception]\n", "/orders/{number}"),
    "falcon.asgi": (falcon("asgi") + "\ndel app._error_handlers[Exception]\n", "/orders/{number}"),
}


@pytest.mark.parametrize("module", LEFT)
def test_exception_that_leaves_the_framework_has_its_route(server, module):
    pytest.importorskip(module)
    code, route = LEFT[module]
    running = server(code=code, config={"log": {"format": "json"}})
    assert running.get("/orders/7").status == 500
    (event,) = wait_for("the event", lambda: events(running), 10)
    assert event["http.route"] == route
    assert [r["route"] for r in running.status()["routes"]] == [route]


READERS = {
    "falcon": """
import falcon

class Body:
    def on_post(self, req, resp):
        req.bounded_stream.read()

app = falcon.App()
app.add_route("/", Body())
""",
    "bottle": """
import bottle

app = bottle.Bottle()

@app.post("/")
def body():
    bottle.request.body.read()
""",
    "flask": """
import flask

app = flask.Flask(__name__)

@app.post("/")
def body():
    return flask.request.environ["wsgi.input"].read()
""",
}


@pytest.mark.parametrize("module", READERS)
def test_client_that_leaves_is_no_exception_of_the_app(server, module):
    pytest.importorskip(module)
    running = server(code=READERS[module], config={"http": {"access_log_format": "json"}})
    with running.connect() as wire:
        wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
        running.wait_in_flight(phase="body")
    assert json.loads(running.wait_access("\n"))["error"] == "client_disconnected"
    assert running.status()["errors"] == []
    assert running.stop() == 0
    assert "PEL501" not in running.log


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
