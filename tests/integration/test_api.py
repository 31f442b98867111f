"""`import pellucid` in apps: what requests know of themselves, wherever the app looks."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.processes import wait_for
from support.script import run_script
from support.target import ROOT

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SENT = {
    "traceparent": f"00-{TRACE}-{PARENT}-01",
    "tracestate": "a=1,b=2",
    "baggage": "user=7",
}
APPS = {
    "flask": "api.flask_app:app",
    "django-wsgi": "api.django_app:wsgi",
    "django-asgi": "api.django_app:asgi",
    "fastapi": "api.fastapi_app:app",
}


def started(start, name, config=None, **more):
    pytest.importorskip(name.partition("-")[0])
    return start(APPS[name], config, **more)


@pytest.fixture(params=APPS)
def app(request, worker):
    return started(worker, request.param)


def check(found, trace_id=TRACE):
    assert found is not None
    assert found["trace_id"] == trace_id
    assert len(found["span_id"]) == 16 and found["span_id"] != PARENT
    assert found["log"] == ["here", trace_id, found["span_id"]]


# --- where the app looks ---


def test_the_request_in_a_view(app):
    found = json.loads(app.get("/see/7", SENT).body)
    for place in ("here", "pool"):
        check(found[place])
        headers = found[place]["headers"]
        assert headers.pop("tracestate").startswith("a=1,b=2")
        assert headers == {
            "traceparent": f"00-{TRACE}-{found['here']['span_id']}-01",
            "baggage": "user=7",
        }
    assert found.get("bare") is None
    phases = found["here"]["phases"]
    phases.pop("cpu", None)  # where it is known
    assert set(phases) == {"head", "body", "queue", "app", "write", "total"}
    assert all(0 <= seconds < 5 for seconds in phases.values())
    assert sum(phases.values()) == pytest.approx(2 * phases["total"])


def test_threads_and_tasks(app):
    answer = app.get("/async", SENT)
    if answer.status == 500:
        pytest.skip("Flask without asgiref has no async views")
    found = json.loads(answer.body)
    assert set(found) == {"here", "task", "to_thread", "run_in_executor", "pool", "later"}
    for place in found.values():
        check(place)


FIRST_USE = """
import asyncio
import json
import concurrent.futures
import pellucid

pool = concurrent.futures.ThreadPoolExecutor(1)

def here():
    request = pellucid.request()
    return request and request.trace_id

async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("no lifespan")
    loop = asyncio.get_running_loop()
    found = [await asyncio.to_thread(here), await loop.run_in_executor(pool, here)]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(found).encode()})
"""


@pytest.mark.parametrize("preload", [True, False])
def test_the_first_use_of_all_is_in_a_thread(server, preload):
    """`import pellucid` alone takes nothing from it, which must not be too late for the first."""
    running = server(code=FIRST_USE, config={"server": {"workers": 1, "preload": preload}})
    assert json.loads(running.get("/", SENT).body) == [TRACE, TRACE]


LAZY = """
import importlib.machinery
import importlib.util
import sys

class Brittle:
    def create_module(self, spec):
        return None

    def exec_module(self, module):
        raise ImportError("nobody has asked for it")

spec = importlib.machinery.ModuleSpec("brittle", importlib.util.LazyLoader(Brittle()))
sys.modules["brittle"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules["brittle"])

class Proxy:
    def __getattribute__(self, name):
        raise RuntimeError("not configured")

sys.modules["proxy"] = Proxy()

def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""


def test_modules_of_the_app_are_left_alone(server):
    """Who looks for the API in them runs nothing of theirs."""
    assert server(code=LAZY).get("/").body == b"ok"


def test_requests_are_told_apart(worker):
    app = started(worker, "fastapi")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda i: app.get(f"/two/{i % 5 * 10}"), range(40)))
    traces = [json.loads(answer.body) for answer in answers]
    assert all(before == after for before, after in traces)
    assert len({before for before, _ in traces}) == 40


@pytest.mark.parametrize("name", ["flask", "fastapi"])
def test_generator_response(worker, name):
    app = started(worker, name)
    assert app.get("/generator", SENT).text.split() == [TRACE] * 3


def test_background_task(worker):
    app = started(worker, "fastapi")
    during = json.loads(app.get("/background", SENT).body)
    results = wait_for(
        "the background task",
        lambda: json.loads(app.get("/background/result").body),
        5 * app.target.patience,
    )
    check(results[0])
    assert results[0]["span_id"] == during["span_id"]
    assert results[0]["headers"] == during["headers"]
    assert results[0]["phases"] == {} and results[0]["route"] is None


def test_one_thread_serves_many(worker):
    """A request never sees what another one has left behind in its thread."""
    app = started(worker, "flask", {"server": {"threads": 1}})
    ids = [json.loads(app.get("/see/1").body) for _ in range(20)]
    assert len({found["here"]["trace_id"] for found in ids}) == 20
    assert all(found["pool"]["trace_id"] == found["here"]["trace_id"] for found in ids)


# --- what the app says ---


def test_route_and_attributes(server, receiver):
    app = started(server, "flask", {"admin": {}}, receiver=receiver)
    app.get("/change")
    (span,) = app.spans(1)
    assert span.name == "GET /changed/{id}"
    assert span.attributes["http.route"] == "/changed/{id}"
    assert span.attributes["url.path"] == "/change"
    wanted = {
        "app.kind": "order!",
        "app.count": 3,
        "app.share": 0.5,
        "app.is_new": True,
        "app.list": "[1, 'a']",
        "app.huge": str(1 << 80),
    }
    assert {key: span.attributes.get(key) for key in wanted} == wanted
    many = [value for key, value in span.attributes.items() if key.startswith("app.many.")]
    assert many == ["x" * 1024] * 3
    assert 'http_route="/changed/{id}"' in app.metrics()


@pytest.mark.parametrize("name", ["django-wsgi", "django-asgi", "fastapi"])
def test_route_comes_before_the_frameworks(server, receiver, name):
    app = started(server, name, receiver=receiver)
    app.get("/see/1")
    app.get("/change")
    names = {span.attributes["url.path"]: span.name for span in app.spans(2)}
    assert names["/change"] == "GET /changed/{id}"
    assert names["/see/1"] in ("GET /see/<int:number>", "GET /see/{number}", "GET")


def test_route_comes_before_the_configurations(server, receiver):
    rules = [{"match": "/change", "name": "/configured"}]
    app = started(server, "flask", {"route": rules}, receiver=receiver)
    app.get("/change")
    assert app.spans(1)[0].name == "GET /changed/{id}"


def test_route_of_a_request_that_fails(server, receiver):
    app = started(server, "flask", receiver=receiver)
    app.get("/boom")
    assert app.spans(1)[0].name == "GET /boom/{what}"


@pytest.mark.parametrize("name", ["flask", "fastapi"])
def test_keep(server, receiver, name):
    config = {"trace": {"ratio": 0.0, "keep": []}}
    app = started(server, name, config, receiver=receiver)
    app.get("/see/1")
    app.get("/keep")
    app.get("/see/1")
    (span,) = app.spans(1)
    assert span.attributes["url.path"] == "/keep"
    assert span.attributes["pellucid.sampling.reason"] == "kept"


def test_over_is_over(app):
    app.get("/change", SENT)
    found = json.loads(app.get("/after").body)
    ((trace_id, span_id, route, phases),) = found if isinstance(found, list) else found["after"]
    assert trace_id == TRACE and len(span_id) == 16
    assert route == "/changed/{id}" and phases == {}


QUEUED = """
import json
import logging.config
import logging.handlers
import queue
import pellucid

class Lines(logging.Handler):
    def emit(self, record):
        lines.put(self.format(record))

lines, waiting = queue.Queue(), queue.Queue()
logging.config.dictConfig({
    "version": 1,
    "filters": {"ids": {"()": "pellucid.api.LogFilter"}},
    "handlers": {
        "h": {"()": "logging.handlers.QueueHandler", "queue": waiting, "filters": ["ids"]},
    },
    "root": {"handlers": ["h"]},
})
behind = Lines()
behind.setFormatter(logging.Formatter("%(trace_id)s %(message)s"))
behind.addFilter(pellucid.log_filter)
listener = logging.handlers.QueueListener(waiting, behind)

def app(environ, start_response):
    logging.warning("here")
    listener.start()
    found = lines.get()
    listener.stop()
    start_response("200 OK", [])
    return [found.encode()]
"""


def test_ids_of_records_that_go_through_a_queue(server):
    assert server(code=QUEUED).get("/", SENT).text == f"{TRACE} here"


# --- calls to others ---

CALLS = """
import logging
import time
from concurrent.futures import ThreadPoolExecutor
import pellucid

POOL = ThreadPoolExecutor(1)
LATER = []

def injected():
    headers = {}
    pellucid.inject(headers)
    record = logging.makeLogRecord({})
    pellucid.log_filter.filter(record)
    return [record.span_id, headers]

def when_over():
    while pellucid.request().phases:
        time.sleep(0.001)
    return injected()

def calls():
    LATER.append(POOL.submit(when_over))
    with pellucid.span("call"):
        inside = injected()
    return {"here": injected(), "inside": inside}
"""

CALLER = {
    "wsgi": CALLS
    + """
import json

def app(environ, start_response):
    found = LATER.pop().result() if environ["PATH_INFO"] == "/later" else calls()
    start_response("200 OK", [])
    return [json.dumps(found).encode()]
""",
    "asgi": CALLS
    + """
import asyncio
import json

async def app(scope, receive, send):
    assert scope["type"] == "http"
    is_later = scope["path"] == "/later"
    found = await asyncio.wrap_future(LATER.pop()) if is_later else calls()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(found).encode()})
""",
}
B3, JAEGER = f"{TRACE}-{PARENT}-", f"{TRACE}:{PARENT}:0:"
MULTI = {"x-b3-traceid": TRACE, "x-b3-spanid": PARENT}


@pytest.mark.parametrize("interface", CALLER)
@pytest.mark.parametrize(
    ("words", "sent"),
    [
        (["b3"], {"b3": B3 + "1"}),
        (["b3"], {"b3": B3 + "d"}),
        (["b3multi"], MULTI | {"x-b3-sampled": "1"}),
        (["b3multi", "baggage"], MULTI | {"x-b3-flags": "1", "baggage": "user=7"}),
        (["jaeger"], {"uber-trace-id": JAEGER + "01"}),
        (["jaeger"], {"uber-trace-id": JAEGER + "03"}),
        (
            ["tracecontext", "baggage", "b3", "b3multi", "jaeger"],
            SENT
            | {"tracestate": "a=1"}
            | {"b3": B3 + "d", "uber-trace-id": JAEGER + "03"}
            | MULTI
            | {"x-b3-flags": "1"},
        ),
    ],
)
def test_calls_carry_every_format(server, interface, words, sent):
    """With the id of the span they are made in; also when the request is over."""
    config = {"server": {"workers": 1}, "trace": {"propagators": words}}
    running = server(code=CALLER[interface], config=config)
    found = json.loads(running.get("/", sent).body)
    found["later"] = json.loads(running.get("/later", sent).body)
    ids = {}
    for place, (span_id, headers) in found.items():
        assert headers == {name: value.replace(PARENT, span_id) for name, value in sent.items()}
        ids[place] = span_id
    assert ids["here"] == ids["later"] != ids["inside"]


# --- outside the server ---

PLAIN = """
import logging, sys
import pellucid
from pellucid import inject, log_filter, request

assert request() is None and pellucid.request() is None
headers = {"a": "b"}
inject(headers)
assert headers == {"a": "b"}
record = logging.makeLogRecord({})
assert log_filter.filter(record) and (record.trace_id, record.span_id) == ("", "")
assert not [name for name in sys.modules if name in ("pellucid._server", "pellucid._observer")]

@pellucid.span("decorated", number=1)
def decorated(x):
    return x + 1

@pellucid.span("decorated")
async def coroutine(x):
    async with pellucid.span("async") as span:
        span.set("a", 1)
        return x + 1

import asyncio
with pellucid.span("a", b=1) as span:
    span.set("c", 2)
assert decorated(1) == 2 and asyncio.run(coroutine(1)) == 2
print(pellucid.__version__)
"""


@pytest.mark.parametrize("built", [True, False])
def test_outside_the_server(target, built, tmp_path):
    """Also from the sources alone, without any extension module."""
    printed = run_script(target, tmp_path, PLAIN, built=built)
    assert (printed.strip() != "unknown") is built
    assert not list(Path(ROOT / "pymod" / "pellucid").glob("*.so"))
