"""`pellucid.span`: the app's own spans, below those of its requests."""

from __future__ import annotations

import json

import pytest

APPS = {"flask": "api.flask_app:app", "fastapi": "api.fastapi_app:app"}
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
SERVER, INTERNAL = 2, 1


@pytest.fixture(params=APPS)
def app(request, server, receiver):
    pytest.importorskip(request.param)
    return server(APPS[request.param], receiver=receiver)


@pytest.fixture
def fastapi(server, receiver):
    pytest.importorskip("fastapi")
    return server(APPS["fastapi"], receiver=receiver)


def by_name(spans):
    found = {span.name: span for span in spans}
    assert len(found) == len(spans), "each name once"
    return found


def parents(spans):
    """The name of each span's parent; None when it is not among them."""
    names = {span.span_id: span.name for span in spans}
    return {span.name: names.get(span.parent_span_id) for span in spans}


def test_nested(app):
    header, doc, name = json.loads(app.get("/nested", {"traceparent": PARENT}).body)
    spans = app.spans(5)
    failed = [s for s in spans if s.name == "decorated" and s.status == 2]
    found = by_name([s for s in spans if s not in failed])
    request = found.pop("GET /nested")
    assert parents([*found.values(), request]) == {
        "GET /nested": None,
        "outer": "GET /nested",
        "inner": "outer",
        "decorated": "inner",
    }
    assert request.kind == SERVER and {s.kind for s in found.values()} == {INTERNAL}
    assert {s.trace_id for s in spans} == {PARENT[3:35]}
    assert all(len(s.span_id) == 16 and s.flags == 0x101 for s in found.values())
    assert header == f"00-{PARENT[3:35]}-{found['outer'].span_id}-01"
    assert found["outer"].attributes == {"kind": "x", "rows": 5}
    assert found["decorated"].attributes == {"number": 1}
    assert (doc, name) == ("Is decorated.", "decorated")
    for inside, around in (("inner", "outer"), ("decorated", "inner")):
        assert found[around].start_ns <= found[inside].start_ns
        assert found[inside].start_ns <= found[inside].end_ns <= found[around].end_ns
    assert request.start_ns < found["outer"].start_ns
    assert request.resource == found["outer"].resource

    (failed,) = failed
    assert failed.parent_span_id == found["outer"].span_id
    assert failed.attributes == {"number": 1, "error.type": "KeyError"}
    ((event, details),) = failed.events
    assert event == "exception" and details["exception.type"] == "KeyError"
    assert details["exception.message"] == "'not here'"
    assert "in decorated" in details["exception.stacktrace"]


def test_tasks_know_their_parents(fastapi):
    fastapi.get("/branches")
    spans = fastapi.spans(10)
    ids = {span.span_id: span for span in spans}
    found = {(s.name, ids[s.parent_span_id].name) for s in spans if s.parent_span_id in ids}
    assert found == {
        ("outer", "GET /branches"),
        ("a", "outer"),
        ("b", "outer"),
        ("a.leaf", "a"),
        ("b.leaf", "b"),
        ("decorated", "a"),
        ("decorated", "b"),
        ("decorated async", "outer"),
        ("inside", "decorated async"),
    }


def test_background_task(fastapi):
    fastapi.get("/background/span")
    found = by_name(fastapi.spans(2))
    request = found["GET /background/span"]
    assert found["in background"].parent_span_id == request.span_id
    assert found["in background"].start_ns > request.end_ns


def test_a_cancelled_span_has_not_failed(fastapi):
    fastapi.get("/cancelled")
    found = by_name(fastapi.spans(2))
    assert found["cancelled"].status == 0 and not found["cancelled"].events


CYCLE = """
import gc
import weakref
import pellucid

class Job:
    def __init__(self):
        self.span = pellucid.span("job", job=self, number=1)

def app(environ, start_response):
    job = Job()
    gone = weakref.ref(job)
    with job.span:
        pass
    del job
    gc.collect()
    start_response("200 OK", [])
    return [b"gone" if gone() is None else b"kept"]
"""


def test_what_has_its_span_and_is_in_it_goes(server):
    assert server(code=CYCLE).get("/").text == "gone"


DEEP = """
import contextvars
import threading
import pellucid

threading.stack_size(256 * 1024)

def many():
    for _ in range(50_000):
        pellucid.span("never left").__enter__()

def app(environ, start_response):
    with pellucid.span("around"):
        thread = threading.Thread(target=contextvars.copy_context().run, args=(many,))
    thread.start()
    thread.join()
    start_response("200 OK", [])
    return [b"ok"]
"""


def test_any_number_may_be_left_open(server):
    assert server(code=DEEP).get("/").body == b"ok"


AGAIN = """
import threading
import pellucid

span = pellucid.span("again", first=1)

class Recursive(Exception):
    def __str__(self):
        with span:
            span.set("inside", 1)
        return "told"

def app(environ, start_response):
    with span:
        span.set("once", 1)
    try:
        with span:
            raise Recursive
    except Recursive:
        pass
    with pellucid.span("last"):
        pass
    start_response("200 OK", [])
    return [b"ok"]
"""


def test_a_span_that_is_entered_again(server, receiver):
    """Also by the app's own code that runs when it is recorded, while it is no longer open."""
    app = server(code=AGAIN, receiver=receiver)
    assert app.get("/").body == b"ok"
    spans = sorted(app.spans(6), key=lambda span: span.start_ns)
    request = next(span for span in spans if span.kind == SERVER)
    assert {s.parent_span_id for s in spans if s != request} == {request.span_id}
    failed = [s for s in spans if s.status == 2]
    assert [s.events[0][1]["exception.message"] for s in failed] == ["told"]
    told = [s.attributes for s in spans if s.name == "again" and s not in failed]
    assert told == [{"first": 1, "once": 1}] + 2 * [{"first": 1, "inside": 1}]


OPEN = """
import asyncio
import pellucid

async def pieces():
    with pellucid.span("pieces"):
        yield 1
        yield 2

async def app(scope, receive, send):
    assert scope["type"] == "http"
    with pellucid.span("outer"):
        abandoned = pieces()
        async for piece in abandoned:
            break
    with pellucid.span("behind"):
        pass
    first, second = pellucid.span("first"), pellucid.span("second")
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    with pellucid.span("last"):
        pass
    await asyncio.create_task(abandoned.aclose())
    with second:
        waiting = asyncio.create_task(again(second))
        await asyncio.sleep(0)
    await waiting
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})

async def again(span):
    with pellucid.span("inner"):
        await asyncio.sleep(0.001)
        with span, pellucid.span("innermost"):
            pellucid.span("never entered").__exit__(None, None, None)
"""


def test_what_is_left_open_is_not_around_what_follows(server, receiver):
    app = server(code=OPEN, receiver=receiver)
    assert app.get("/").body == b"ok"
    spans = app.spans(10)
    names = {span.span_id: span.name for span in spans}
    assert {(span.name, names.get(span.parent_span_id)) for span in spans} == {
        ("GET", None),
        ("outer", "GET"),
        ("pieces", "outer"),
        ("behind", "GET"),
        ("first", "GET"),
        ("second", "first"),
        ("last", "GET"),
        ("second", "GET"),
        ("inner", "second"),
        ("innermost", "inner"),
    }


METHODS = """
import asyncio
import json
import pellucid

class Shop:
    @pellucid.span("plain")
    def plain(self, x):
        return [type(self).__name__, x]

    @pellucid.span("outside static")
    @staticmethod
    def static(x):
        return x

    @staticmethod
    @pellucid.span("inside static")
    def inside(x):
        return x

    @pellucid.span("outside class")
    @classmethod
    async def of_class(cls, x):
        return [cls.__name__, x]

def app(environ, start_response):
    shop = Shop()
    found = [shop.plain(1), Shop.static(2), shop.static(3), shop.inside(4)]
    found.append(asyncio.run(shop.of_class(5)))
    start_response("200 OK", [])
    return [json.dumps(found).encode()]
"""


def test_methods(server, receiver):
    app = server(code=METHODS, receiver=receiver)
    assert json.loads(app.get("/").body) == [["Shop", 1], 2, 3, 4, ["Shop", 5]]
    assert sorted(span.name for span in app.spans(6)) == [
        "GET",
        "inside static",
        "outside class",
        "outside static",
        "outside static",
        "plain",
    ]


def test_only_what_is_sampled(server, receiver):
    pytest.importorskip("flask")
    config = {"trace": {"ratio": 0.0, "keep": []}}
    app = server(APPS["flask"], config, receiver=receiver)
    app.get("/nested")
    app.get("/kept/nested")
    spans = app.spans(5)
    assert {s.trace_id for s in spans} == {spans[0].trace_id} and len(spans) == 5
    kept = [s for s in spans if s.kind == SERVER]
    assert kept[0].name == "GET /kept/nested"


def test_a_full_ring_drops_and_counts(server, receiver):
    pytest.importorskip("flask")
    app = server(APPS["flask"], receiver=receiver)
    app.get("/cost/50000")
    metrics = app.metrics()
    counts = {
        name: int(float(line.split()[-1]))
        for line in metrics.splitlines()
        for name in ("pellucid_spans_total", "pellucid_spans_dropped_total")
        if line.startswith(name)
    }
    assert sum(counts.values()) == 50001, metrics


@pytest.mark.parametrize("name", APPS)
@pytest.mark.parametrize(("sampled", "limit"), [(False, 3.0), (True, 20.0)])
def test_cost(server, receiver, name, sampled, limit):
    """Against `with lock`, which takes some 40 ns on a machine with nothing else to do: a span is to
    cost under 100 ns, and under 1.5 us when it is recorded; the limits here leave some room."""
    pytest.importorskip(name)
    config = {"trace": {"ratio": 1.0 if sampled else 0.0}}
    app = server(APPS[name], config, receiver=receiver)
    if app.target.sanitize:
        pytest.skip("sanitizers cost more than anything")
    best = [
        min(pair)
        for pair in zip(*(json.loads(app.get("/cost/500").body) for _ in range(40)), strict=True)
    ]
    print(f"span {best[0] * 1e9:.0f} ns, lock {best[1] * 1e9:.0f} ns")
    assert best[0] < limit * best[1]
