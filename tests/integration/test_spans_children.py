"""The app's own spans below their requests, on the pages for people: /spans, /spans.json, /status."""

from __future__ import annotations

import json

import pytest

from support.processes import wait_for

APPS = {"flask": "api.flask_app:app", "fastapi": "api.fastapi_app:app"}


@pytest.fixture(params=APPS)
def app(request, server):
    pytest.importorskip(request.param)
    return server(APPS[request.param])


@pytest.fixture
def fastapi(server):
    pytest.importorskip("fastapi")
    return server(APPS["fastapi"])


def shown(app, path, is_done=bool):
    """The newest request of that path as /spans.json has it, once its children are as wanted."""

    def look():
        spans = json.loads(app.admin("/spans.json")[1])["spans"]
        found = [span for span in spans if span["path"] == path]
        return found[0] if found and is_done(found[0]["children"]) else None

    return wait_for(f"children of {path}", look, 10 * app.target.patience)


def page(app, accept):
    status, body = app.admin("/spans", {"Accept": accept})
    assert status == 200
    return body.decode()


def outline(children):
    return [(child["depth"], child["name"], child["error"]) for child in children]


def test_nested(app):
    app.get("/nested")
    request = shown(app, "/nested")
    children = request["children"]
    assert outline(children) == [
        (1, "outer", ""),
        (2, "inner", ""),
        (3, "decorated", ""),
        (2, "decorated", "KeyError"),
    ]
    outer, inner, decorated, failed = children
    assert outer["parent_span_id"] == request["span_id"]
    assert inner["parent_span_id"] == failed["parent_span_id"] == outer["span_id"]
    assert decorated["parent_span_id"] == inner["span_id"]
    assert outer["attributes"] == {"kind": "x", "rows": 5}
    assert decorated["attributes"] == {"number": 1}
    assert failed["error_message"] == "'not here'"
    assert request["has_all_children"]
    for inside, around in ((inner, outer), (decorated, inner), (failed, outer)):
        assert around["offset_seconds"] <= inside["offset_seconds"]
        assert inside["duration_seconds"] <= around["duration_seconds"]
    assert 0 < outer["offset_seconds"] < request["duration_seconds"]
    lines = [line for line in page(app, "text/plain").splitlines() if line.startswith("    ")]
    assert [len(line) - len(line.lstrip()) for line in lines] == [4, 8, 12, 8]
    assert "outer  kind=x  rows=5" in lines[0]
    assert lines[3].endswith("decorated  number=1  error=KeyError")


def test_two_requests_of_one_trace(app):
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    for _ in range(2):
        app.get("/nested", {"traceparent": trace})
    both = wait_for(
        "both",
        lambda: len(spans := json.loads(app.admin("/spans.json")[1])["spans"]) == 2 and spans,
        10 * app.target.patience,
    )
    ids = [{child["span_id"] for child in request["children"]} for request in both]
    assert [len(i) for i in ids] == [4, 4] and not ids[0] & ids[1]


def test_a_request_that_failed(app):
    app.get("/boom/nested")
    (outer,) = shown(app, "/boom/nested")["children"]
    assert (outer["error"], outer["error_message"]) == ("ValueError", "<i>no</i>")
    assert outer["attributes"] == {"ratio": 0.5, "text": '<b>&"', "on": True}
    (kept,) = app.status()["kept"]
    assert kept["path"] == "/boom/nested"
    assert kept["children"] == [outer] and kept["has_all_children"]
    html = page(app, "text/html")
    assert "<code>text=&lt;b&gt;&amp;&quot;</code>" in html and "<code>on=true</code>" in html
    assert "ValueError: &lt;i&gt;no&lt;/i&gt;<td>error" in html

    # It stays when many others come, and those know that there was no room for all of theirs.
    for _ in range(4):
        app.get("/crowd/500")
    crowd = shown(app, "/crowd/500")
    assert crowd["children"][0]["name"] == "crowd"
    assert {child["name"] for child in crowd["children"][1:]} == {"one"}
    assert len(crowd["children"]) == 256 and not crowd["has_all_children"]
    assert shown(app, "/boom/nested")["children"] == [outer]
    assert "no room for all" in page(app, "text/html")


def test_tasks_and_what_runs_in_the_background(fastapi):
    fastapi.get("/branches")
    children = shown(fastapi, "/branches")["children"]
    shape = [(child["depth"], child["name"]) for child in children]
    assert shape[0] == (1, "outer") and shape[-2:] == [(2, "decorated async"), (3, "inside")]
    for name in "ab":
        at = shape.index((2, name))
        assert shape[at + 1 : at + 3] == [(3, f"{name}.leaf"), (3, "decorated")]

    fastapi.get("/background/span")
    (late,) = shown(fastapi, "/background/span")["children"]
    assert (late["name"], late["depth"]) == ("in background", 1)


def test_requests_without_any(app):
    app.get("/keep")
    request = shown(app, "/keep", lambda children: not children)
    assert request["children"] == [] and request["has_all_children"]
