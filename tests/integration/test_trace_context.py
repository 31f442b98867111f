"""Trace context from the client through the server to the app, and what the spans say of it."""

from __future__ import annotations

import json

import pytest

ECHO = {
    "wsgi": """
import json

def app(environ, start_response):
    fields = {k[5:].lower().replace("_", "-"): v for k, v in environ.items() if k[:5] == "HTTP_"}
    body = json.dumps(fields).encode()
    start_response("200 OK", [("Content-Type", "application/json")])
    return [body]
""",
    "asgi": """
import json

async def app(scope, receive, send):
    assert scope["type"] == "http"
    fields = {}
    for name, value in scope["headers"]:
        assert name.decode() not in fields, name
        fields[name.decode()] = value.decode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(fields).encode()})
""",
}


@pytest.fixture(params=["wsgi", "asgi"])
def code(request):
    """An app that answers with the header fields it was given."""
    return ECHO[request.param]


def echoed(response):
    return json.loads(response.text)


# --- sampling (OpenTelemetry: trace/tracestate-probability-sampling) ---


def test_root_tells_with_which_probability_it_was_sampled(server, receiver, code):
    running = server(code=code, config={"trace": {"ratio": 0.5}}, receiver=receiver)
    seen = [echoed(running.get("/")) for _ in range(40)]
    sampled = {f["traceparent"][36:52]: f for f in seen if f["traceparent"].endswith("-03")}
    assert 5 <= len(sampled) <= 35
    for fields in seen:
        is_sampled = fields["traceparent"][21] in "89abcdef"
        assert fields["traceparent"][-2:] == ("03" if is_sampled else "02")
        assert fields.get("tracestate") == ("ot=th:8" if is_sampled else None)
    spans = running.spans(len(sampled))
    assert {s.span_id for s in spans} == set(sampled)
    assert {(s.trace_state, s.flags) for s in spans} == {("ot=th:8", 0x103)}


def test_threshold_of_a_parent_goes_on_while_it_is_right(server, receiver, code):
    running = server(
        code=code,
        config={"trace": {"ratio": 0.0}, "requests": {"slow": "0s"}},
        receiver=receiver,
    )
    parent = "00-0af7651916cd43dd846e6d1a75832a2f-b7ad6b7169203331-"
    cases = [
        ("01", *3 * ["a=1,ot=th:6"]),
        ("01", "a=1,ot=th:7", "a=1", "a=1"),
        ("01", *3 * ["ot=th:7;rv:70000000000000"]),
        # Not sampled, but kept for being slow: with a probability that nobody knows.
        ("00", "ot=th:7,a=1", "ot=th:7,a=1", "a=1"),
    ]
    for flags, given, towards_app, _ in cases:
        fields = echoed(running.get("/", {"traceparent": parent + flags, "tracestate": given}))
        assert fields["tracestate"] == towards_app
    assert [s.trace_state for s in running.spans(len(cases))] == [c[3] for c in cases]


# --- trust ---

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("trust", "proxies", "is_continued"),
    [
        ("all", [], True),
        ("proxies", ["127.0.0.1"], True),
        ("proxies", ["192.0.2.0/24"], False),
        ("none", ["127.0.0.1"], False),
    ],
)
def test_context_of_a_stranger_becomes_a_link(server, receiver, code, trust, proxies, is_continued):
    config = {"trace": {"trust": trust}, "server": {"trusted_proxies": proxies}}
    running = server(code=code, config=config, receiver=receiver)
    given = {"traceparent": f"00-{TRACE}-{SPAN}-00", "tracestate": "a=1", "baggage": "b=2"}
    fields = echoed(running.get("/", given))
    assert fields.get("baggage") == ("b=2" if is_continued else None)
    lone = echoed(running.get("/elsewhere", {"baggage": "b=2"}))
    assert lone.get("baggage") == ("b=2" if is_continued else None)
    assert (fields["traceparent"][3:35] == TRACE) == is_continued
    assert fields.get("tracestate") == ("a=1" if is_continued else None)
    if is_continued:
        assert fields["traceparent"].endswith("-00")
        return
    # Our own decision: the stranger's is not asked for.
    span = next(s for s in running.spans(2) if s.attributes["url.path"] == "/")
    assert fields["traceparent"] == f"00-{span.trace_id}-{span.span_id}-03"
    assert (span.parent_span_id, span.flags) == ("", 0x103)
    assert span.links == [(TRACE, SPAN, 0x300)]


# --- other formats ---


@pytest.mark.parametrize(
    ("word", "given", "towards_app"),
    [
        ("b3", {"b3": f"{TRACE}-{SPAN}-1-{SPAN}"}, {"b3": "{trace}-{span}-1"}),
        (
            "b3multi",
            {
                "X-B3-TraceId": TRACE,
                "X-B3-SpanId": SPAN,
                "X-B3-ParentSpanId": SPAN,
                "X-B3-Sampled": "1",
            },
            {"x-b3-traceid": "{trace}", "x-b3-spanid": "{span}", "x-b3-sampled": "1"},
        ),
        (
            "jaeger",
            {"uber-trace-id": f"{TRACE}:{SPAN}:0:1"},
            {"uber-trace-id": "{trace}:{span}:0:01"},
        ),
    ],
)
def test_other_formats_are_continued_and_replaced(server, receiver, code, word, given, towards_app):
    config = {"trace": {"propagators": [word, "tracecontext"], "ratio": 0.0, "keep": []}}
    running = server(code=code, config=config, receiver=receiver)
    fields = echoed(running.get("/", given))
    (span,) = running.spans(1)
    assert (span.trace_id, span.parent_span_id, span.flags) == (TRACE, SPAN, 0x301)
    ours = {name: form.format(trace=TRACE, span=span.span_id) for name, form in towards_app.items()}
    seen = {name: value for name, value in fields.items() if "b3" in name or "uber" in name}
    assert seen == ours
    assert fields["traceparent"] == f"00-{TRACE}-{span.span_id}-01"
    # A new trace is told in this format, too.
    fresh = echoed(running.get("/"))
    assert set(towards_app) <= set(fresh)
    assert fresh["traceparent"][3:35] in " ".join(fresh[name] for name in towards_app)


@pytest.mark.parametrize(
    ("word", "given", "towards_app"),
    [
        ("b3", {"b3": f"{TRACE}-{SPAN}-d"}, {"b3": "{trace}-{span}-d"}),
        (
            "b3multi",
            {"X-B3-TraceId": TRACE, "X-B3-SpanId": SPAN, "X-B3-Flags": "1"},
            {"x-b3-traceid": "{trace}", "x-b3-spanid": "{span}", "x-b3-flags": "1"},
        ),
        (
            "jaeger",
            {"uber-trace-id": f"{TRACE}:{SPAN}:0:3"},
            {"uber-trace-id": "{trace}:{span}:0:03"},
        ),
    ],
)
@pytest.mark.parametrize("trust", ["all", "none"])
def test_debug_goes_on_with_its_trace_only(server, code, word, given, towards_app, trust):
    config = {"trace": {"propagators": [word, "tracecontext"], "trust": trust}}
    fields = echoed(server(code=code, config=config).get("/", given))
    _, trace, span, flags = fields["traceparent"].split("-")
    ours = {name: form.format(trace=trace, span=span) for name, form in towards_app.items()}
    seen = {name: value for name, value in fields.items() if "b3" in name or "uber" in name}
    assert (trace == TRACE) == (seen == ours) == (trust == "all")
    assert flags == ("01" if trust == "all" else "03")


def test_formats_that_are_not_listed_are_the_apps_own_affair(server, code):
    running = server(code=code)
    fields = echoed(running.get("/", {"b3": f"{TRACE}-{SPAN}-1"}))
    assert fields["b3"] == f"{TRACE}-{SPAN}-1"
    assert fields["traceparent"][3:35] != TRACE


def test_trace_context_that_is_not_listed_is_the_apps_own_affair(server, code):
    running = server(code=code, config={"trace": {"propagators": ["b3"]}})
    given = {"traceparent": f"00-{TRACE}-{SPAN}-00", "tracestate": "a=1", "baggage": "b=2"}
    fields = echoed(running.get("/", given))
    assert (fields["traceparent"], fields["tracestate"]) == (given["traceparent"], "a=1")
    assert "baggage" not in fields
    assert fields["b3"][:32] != TRACE
    assert "traceparent" not in echoed(running.get("/"))
