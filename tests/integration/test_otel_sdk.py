"""An OpenTelemetry SDK in the app is below our span, without a setting and a second SERVER span."""

from __future__ import annotations

import json

import pytest

from support import target
from support.processes import wait_for

APPS = {
    "flask": "otel_sdk.flask_app:app",
    "django": "otel_sdk.django_app:app",
    "django-asgi": "otel_sdk.django_app:asgi_app",
    "fastapi": "otel_sdk.fastapi_app:app",
    "fastapi-native": "otel_sdk.native_app:app",
}
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SENT = {"traceparent": f"00-{TRACE}-{PARENT}-01", "baggage": "user=7"}


@pytest.fixture(params=APPS)
def app(request):
    pytest.importorskip(f"opentelemetry.instrumentation.{request.param.partition('-')[0]}")
    return APPS[request.param]


def recorded(running):
    return json.loads(running.get("/spans").text)


def check(running, trace_id):
    """The one request to /work: our SERVER span, the framework's INTERNAL one, the app's own."""
    (ours,) = [s for s in running.spans(2) if s.attributes["url.path"].startswith("/work")]
    all_of_theirs = recorded(running)
    theirs = {s["span_id"]: s for s in all_of_theirs if s["trace_id"] == ours.trace_id}
    (own,) = [span for span in all_of_theirs if span["name"] == "work"]
    assert {span["kind"] for span in all_of_theirs} == {"INTERNAL"}
    assert ours.trace_id == trace_id or not trace_id
    roots = {span["parent_id"] for span in theirs.values()} - set(theirs)
    assert roots == {ours.span_id}
    assert own["parent_id"] in theirs, "the framework's"
    return own


def test_a_request_with_a_parent(server, receiver, app):
    running = server(app, receiver=receiver)
    assert running.get("/work/7", SENT).status == 200
    recorded(running)
    assert check(running, TRACE)["user"] == "7"


def test_a_request_without(server, receiver, app):
    running = server(app, receiver=receiver)
    assert running.get("/work/7").status == 200
    recorded(running)
    assert check(running, None)["user"] == "None"


def test_requests_are_told_apart(server, app):
    running = server(app, {"server": {"threads": 2}})
    for number in range(6):
        sent = {"traceparent": f"00-{number + 1:032x}-{PARENT}-01", "baggage": f"user={number}"}
        assert running.get("/work/7", sent).status == 200
    own = [span for span in recorded(running) if span["name"] == "work"]
    assert [(int(s["trace_id"], 16), s["user"]) for s in own] == [
        (number + 1, str(number)) for number in range(6)
    ]


def test_the_decision_is_shared(server, app):
    running = server(app, {"trace": {"ratio": 0.0}})
    assert running.get("/work/7").status == 200
    assert recorded(running) == []


def test_without_trace_context_it_is_on_its_own(server, app):
    running = server(app, {"trace": {"propagators": []}})
    assert running.get("/work/7", SENT).status == 200
    assert "SERVER" in {span["kind"] for span in recorded(running)}


def test_nothing_is_left_for_the_next_request(server, app):
    """A propagator of baggage begins with what the thread has, unless another one is before it."""
    env = {"OTEL_PROPAGATORS": "baggage,tracecontext"}
    running = server(app, {"server": {"threads": 1}}, env=env)
    assert running.get("/work/7", SENT).status == 200
    assert running.get("/work/8").status == 200
    own = [span for span in recorded(running) if span["name"] == "work"]
    assert [span["user"] for span in own] == ["7", "None"]
    assert own[0]["trace_id"] == TRACE != own[1]["trace_id"]


def test_requests_of_one_trace(server, receiver, app):
    """The second one is not below the first, which the thread has just answered."""
    running = server(app, {"server": {"threads": 1}}, receiver=receiver)
    for number in range(2):
        assert running.get(f"/work/{number}", SENT).status == 200
    theirs = [span for span in recorded(running) if span["trace_id"] == TRACE]
    roots = {span["parent_id"] for span in theirs} - {span["span_id"] for span in theirs}
    ours = [span for span in running.spans(3) if span.trace_id == TRACE]
    assert roots == {span.span_id for span in ours} and len(roots) == 2


@pytest.mark.parametrize("kind", ["flask", "fastapi-native"])
def test_spans_of_both_apis_nest_in_each_other(server, receiver, kind):
    pytest.importorskip(f"opentelemetry.instrumentation.{kind.partition('-')[0]}")
    running = server(APPS[kind], receiver=receiver)
    told = json.loads(running.get("/nested", SENT).body)
    theirs = [span for span in recorded(running) if span["trace_id"] == TRACE]
    ours = [span for span in running.spans(4) if span.trace_id == TRACE]
    (request,) = [span for span in ours if span.kind == 2]
    ids = {span["name"]: (span["span_id"], span["parent_id"]) for span in theirs}
    ids |= {span.name: (span.span_id, span.parent_span_id) for span in ours if span != request}
    names = {span_id: name for name, (span_id, _) in ids.items()}
    parents = {name: names.get(parent_id) for name, (_, parent_id) in ids.items()}
    assert parents["outer"] == parents["last"] in ids, "the framework's span"
    assert [parents[name] for name in ("middle", "inner", "leaf", "second leaf")] == [
        "outer",
        "middle",
        "inner",
        "middle",
    ]
    for name, traceparent in told.items():
        assert names[traceparent.split("-")[2]] == name


@pytest.mark.parametrize("kind", ["flask", "fastapi-native"])
def test_the_pages_show_what_is_below_their_spans(server, kind):
    pytest.importorskip(f"opentelemetry.instrumentation.{kind.partition('-')[0]}")
    running = server(APPS[kind])
    assert running.get("/nested").status == 200

    def look():
        found = json.loads(running.admin("/spans.json")[1])["spans"]
        return next((span for span in found if span["path"] == "/nested"), None)

    request = wait_for("the request", look, 10 * running.target.patience)
    children = request["children"]
    assert [(span["name"], span["depth"]) for span in children] == [("outer", 1), ("inner", 2)]
    assert children[0]["parent_span_id"] != request["span_id"], "the framework's"


# What imports the SDK, and the framework with its instrumentation, only when it is served.
LATE = {
    "flask": """
inner = None

def app(environ, start_response):
    global inner
    if inner is None:
        from otel_sdk.flask_app import app as inner
    return inner(environ, start_response)
""",
    "fastapi": """
inner = None

async def app(scope, receive, send):
    global inner
    if scope["type"] == "lifespan":
        raise RuntimeError("no lifespan")
    if inner is None:
        from otel_sdk.fastapi_app import app as inner
    await inner(scope, receive, send)
""",
    "fastapi-lifespan": """
async def app(scope, receive, send):
    global inner
    if scope["type"] == "lifespan":
        from otel_sdk.fastapi_app import app as inner
    await inner(scope, receive, send)
""",
}


@pytest.mark.parametrize("kind", LATE)
def test_an_sdk_that_is_imported_late(server, receiver, kind):
    pytest.importorskip(f"opentelemetry.instrumentation.{kind.partition('-')[0]}")
    code = f"import sys\nsys.path.append({str(target.APPS)!r})\n{LATE[kind]}"
    running = server(code=code, receiver=receiver)
    assert running.get("/work/7", SENT).status == 200
    recorded(running)
    assert check(running, TRACE)["user"] == "7"
    other = "00-1bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert running.get("/work/8", {"traceparent": other}).status == 200
    assert "SERVER" not in {span["kind"] for span in recorded(running)}
    assert {span["trace_id"] for span in recorded(running)} == {TRACE, other[3:35]}


IN_A_SPAN = """
import json
import pellucid

def app(environ, start_response):
    with pellucid.span("outer"), pellucid.span("inner"):
        from otel_sdk import spans, trace
        tracer = trace.get_tracer("app")
        with tracer.start_as_current_span("in inner"):
            pass
    with tracer.start_as_current_span("behind"), pellucid.span("in behind"):
        pass
    with pellucid.span("last"):
        pass
    start_response("200 OK", [])
    return [json.dumps(spans()).encode()]
"""


def test_an_sdk_that_is_imported_in_a_span(server, receiver):
    pytest.importorskip("opentelemetry.sdk")
    code = f"import sys\nsys.path.append({str(target.APPS)!r})\n{IN_A_SPAN}"
    running = server(code=code, receiver=receiver)
    theirs = json.loads(running.get("/", SENT).body)
    spans = [(s.span_id, s.name, s.parent_span_id) for s in running.spans(5)]
    spans += [(s["span_id"], s["name"], s["parent_id"]) for s in theirs]
    names = {span_id: name for span_id, name, _ in spans}
    assert {name: names.get(parent_id) for _, name, parent_id in spans} == {
        "GET": None,
        "outer": "GET",
        "inner": "outer",
        "in inner": "inner",
        "behind": "GET",
        "in behind": "behind",
        "last": "GET",
    }


LEFT_ELSEWHERE = """
import asyncio
import contextvars
import gc
import json
import weakref
import pellucid
from otel_sdk import spans, trace

tracer = trace.get_tracer("app")
kept = []

class Held:
    pass

held = contextvars.ContextVar("held")

async def elsewhere():
    async def leave():
        span.__exit__(None, None, None)
        with tracer.start_as_current_span("behind"):
            pass
    span = pellucid.span("outer").__enter__()
    await asyncio.create_task(leave())

async def open_for_good():
    thing = Held()
    held.set(thing)
    kept.append(weakref.ref(thing))
    pellucid.span("never left").__enter__()

async def app(scope, receive, send):
    assert scope["type"] == "http"
    if scope["path"] == "/elsewhere":
        await elsewhere()
    elif scope["path"] == "/open":
        await open_for_good()
    gc.collect()
    found = [spans(), [ref() is None for ref in kept]]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(found).encode()})
"""


@pytest.fixture
def left_elsewhere(server, receiver):
    pytest.importorskip("opentelemetry.sdk")
    code = f"import sys\nsys.path.append({str(target.APPS)!r})\n{LEFT_ELSEWHERE}"
    return server(code=code, receiver=receiver)


def test_a_span_that_is_left_in_another_task(left_elsewhere):
    (behind,), _ = json.loads(left_elsewhere.get("/elsewhere", SENT).body)
    request = next(span for span in left_elsewhere.spans(2) if span.kind == 2)
    assert behind["parent_id"] == request.span_id
    assert "Failed to detach context" not in left_elsewhere.log


def test_a_span_that_is_never_left_keeps_no_context(left_elsewhere):
    left_elsewhere.get("/open", SENT)
    left_elsewhere.wait_recorded()
    assert json.loads(left_elsewhere.get("/").body)[1] == [True]


STALE = """
import json
import pellucid
from otel_sdk import spans, trace

tracer = trace.get_tracer("app")
kept = []

def work():
    with pellucid.span("of the first"):
        yield

def app(environ, start_response):
    if environ["PATH_INFO"] == "/first":
        kept.append(work())
        next(kept[0])
    else:
        kept.pop().close()
        with tracer.start_as_current_span("of the second"):
            pass
    start_response("200 OK", [])
    return [json.dumps(spans()).encode()]
"""


def test_a_generator_that_outlives_its_request(server):
    """What it leaves, when it is closed, is not what the thread is at by then."""
    pytest.importorskip("opentelemetry.sdk")
    code = f"import sys\nsys.path.append({str(target.APPS)!r})\n{STALE}"
    running = server(code=code, config={"server": {"workers": 1, "threads": 1}})
    other = f"00-{1:032x}-{PARENT}-01"
    running.get("/first", SENT)
    (span,) = json.loads(running.get("/second", {"traceparent": other}).body)
    assert int(span["trace_id"], 16) == 1


def test_functions_in_threads_of_fastapi(server, receiver):
    pytest.importorskip("opentelemetry.instrumentation.fastapi")
    running = server(APPS["fastapi"], receiver=receiver)
    assert running.get("/threads/7", SENT).status == 200
    (own,) = [span for span in recorded(running) if span["name"] == "work"]
    assert (own["trace_id"], own["user"]) == (TRACE, "7")
