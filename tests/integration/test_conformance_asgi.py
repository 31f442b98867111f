"""What the ASGI HTTP and lifespan specifications promise an app, seen from a socket."""

from __future__ import annotations

import json

import pytest

from http_cases import HOST, get, post
from rawhttp import Broken, Client


@pytest.fixture(scope="module", params=["asyncio", "uvloop"])
def served(request, module_worker):
    if request.param == "uvloop":
        pytest.importorskip("uvloop")
    return module_worker("conformance.asgi_app:app", {"server": {"loop": request.param}})


@pytest.fixture
def client(served):
    with Client(served.address) as c:
        yield c


def scope(client, request: bytes) -> dict:
    client.send(request)
    return json.loads(client.response().body)


def test_scope(served, client):
    s = scope(client, get(b"/a%20b?c=%20d", HOST + b"X-A: B\r\n"))
    assert (
        s["type"] == "http" and s["asgi"]["version"] == "3.0" and s["asgi"]["spec_version"] >= "2.3"
    )
    assert s["http_version"] == "1.1" and s["method"] == "GET" and s["scheme"] == "http"
    assert s["path"] == "/a b" and s["raw_path"] == "/a%20b" and s["query_string"] == "c=%20d"
    assert s["root_path"] == "" and s["state"] is True
    assert s["client"] == ["127.0.0.1", client.sock.getsockname()[1]]
    assert s["server"] == list(served.address)
    assert ["host", "example.test"] in s["headers"] and ["x-a", "B"] in s["headers"]


def test_http_1_0(client):
    assert scope(client, b"GET /x HTTP/1.0\r\n\r\n")["http_version"] == "1.0"


@pytest.mark.parametrize("method", [b"get", b"Post", b"purge", b"M-search"])
def test_method_is_upper_case(client, method):
    assert scope(client, method + b" /x HTTP/1.1\r\n" + HOST + b"\r\n")["method"] == (
        method.decode().upper()
    )


def test_body_in_pieces(client):
    assert scope(client, post(b"Content-Length: 3\r\n", b"abc", b"/x"))["body"] == "abc"


def test_trailers(client):
    client.send(get(b"/trailers", HOST + b"TE: trailers\r\n"))
    res = client.response()
    assert res.body == b"abc" and res.trailers == [("x-sum", "42")]


def test_early_hint(client):
    client.send(get(b"/early-hint"))
    res = client.response()
    assert res.status == 200 and [i.status for i in res.interim] == [103]
    assert res.interim[0].get("link") == "</a.css>; rel=preload"


@pytest.mark.parametrize(
    "path", ["/body-first", "/unknown-message", "/no-type", "/str-status", "/not-a-dict"]
)
def test_breaches_raise_in_the_app(client, path):
    client.send(get(path.encode()))
    res = client.response()
    assert res.status == 200 and res.body.endswith(b"Error")


def test_returns_without_a_response(client):
    client.send(get(b"/returns-early"))
    assert client.response().status == 500


def test_returns_in_the_middle(client):
    client.send(get(b"/returns-middle"))
    with pytest.raises((Broken, EOFError)):
        client.response()
