"""An OpenTelemetry SDK in the app is below our span, without a setting and a second SERVER span."""

from __future__ import annotations

import json

import pytest

from support import target

APPS = {
    "flask": "otel_sdk.flask_app:app",
    "django": "otel_sdk.django_app:app",
    "django-asgi": "otel_sdk.django_app:asgi_app",
    "fastapi": "otel_sdk.fastapi_app:app",
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
    theirs = {span["kind"]: span for span in recorded(running) if span["name"] != "work"}
    (own,) = [span for span in recorded(running) if span["name"] == "work"]
    assert list(theirs) == ["INTERNAL"]
    framework = theirs["INTERNAL"]
    assert {ours.trace_id, framework["trace_id"], own["trace_id"]} == {trace_id or ours.trace_id}
    assert framework["parent_id"] == ours.span_id
    assert own["parent_id"] == framework["span_id"]
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


def test_functions_in_threads_of_fastapi(server, receiver):
    pytest.importorskip("opentelemetry.instrumentation.fastapi")
    running = server(APPS["fastapi"], receiver=receiver)
    assert running.get("/threads/7", SENT).status == 200
    (own,) = [span for span in recorded(running) if span["name"] == "work"]
    assert (own["trace_id"], own["user"]) == (TRACE, "7")
