"""Unmodified frameworks, and the routes that the server reads from them."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from support.target import APPS
from support.worker import Worker

JSON_LOG = {"http": {"access_log_format": "json"}}


def records(server: Worker, n: int) -> list[dict]:
    """The first n access records, in order."""
    lines = server.wait_access("\n", n).splitlines()[:n]
    return [json.loads(line) for line in lines]


def routes(server: Worker, *paths: str) -> list[str | None]:
    """The route of each path, from the access log; a line may come after the answer."""
    for n, path in enumerate(paths, 1):
        server.get(path)
        records(server, n)
    return [record.get("route") for record in records(server, len(paths))]


# --- Flask ---


@pytest.fixture
def flask(worker):
    pytest.importorskip("flask")
    return worker("wsgi_flask.app:app", JSON_LOG)


def test_flask(flask):
    with httpx.Client(base_url=flask.url) as client:
        assert client.get("/").text == "hello from flask"
        order = client.get("/orders/7").json()
        assert order == {"id": 7, "url": f"{flask.url}/orders/7", "remote": "127.0.0.1"}
        assert client.post("/json", json={"a": [1, "caf\xe9"]}).json() == {"a": [1, "caf\xe9"]}
        assert client.get("/stream").text == "/stream0,/stream1,/stream2,"
        assert client.get("/file").text == (APPS / "wsgi_flask" / "app.py").read_text()
        assert client.get("/memory").text == "in memory"
        assert client.get("/nowhere").status_code == 404
        assert client.head("/").headers["content-length"] == "16"
        res = client.get("/boom/zounds")
        assert res.status_code == 500 and "zounds" not in res.text
    assert "RuntimeError: zounds" in flask.log


def test_flask_bodies(flask):
    with httpx.Client(base_url=flask.url) as client:
        sent = {"data": {"a": "b"}, "files": {"upload": ("x.bin", b"x" * 300_000)}}
        assert client.post("/form", **sent).json() == {
            "fields": {"a": "b"},
            "name": "x.bin",
            "size": 300_000,
        }
        assert client.post("/raw", content=b"x" * 1_000_000).text == "1000000"
        pieces = (b"x" * 1000 for _ in range(100))
        assert client.post("/raw", content=pieces).text == "100000", "chunked"


def test_flask_cookies(flask):
    res = flask.raw(
        b"GET /cookies HTTP/1.1\r\nHost: a\r\nCookie: a=1\r\nCookie: b=2\r\nConnection: close\r\n\r\n"
    )
    assert res.count(b"Set-Cookie: ") == 2
    assert json.loads(res.partition(b"\r\n\r\n")[2]) == {"a": "1", "b": "2"}


def test_flask_routes(flask):
    assert routes(flask, "/", "/orders/7", "/orders/8", "/nowhere", "/stream", "/file") == [
        "/",
        "/orders/<int:order_id>",
        "/orders/<int:order_id>",
        None,
        "/stream",
        "/file",
    ]


def test_flask_below_a_root_path(worker):
    pytest.importorskip("flask")
    server = worker("wsgi_flask.app:app", JSON_LOG | {"server": {"root_path": "/shop"}})
    assert server.get("/shop/orders/7").body.count(b"/shop/orders/7") == 1
    assert records(server, 1)[0]["route"] == "/shop/orders/<int:order_id>"


# --- Django ---


@pytest.fixture
def django(worker):
    pytest.importorskip("django")
    return worker("wsgi_django.app:app", JSON_LOG)


def test_django(django):
    with httpx.Client(base_url=django.url) as client:
        assert client.get("/").text == "hello from django"
        assert client.get("/orders/7/").json() == {"id": 7, "url": f"{django.url}/orders/7/"}
        assert client.get("/orders/7", follow_redirects=True).json()["id"] == 7
        assert client.get("/stream").text == "onetwo"
        text = (APPS / "wsgi_django" / "app.py").read_text()
        assert client.get("/file").text == text
        assert client.get("/memory").text == "in memory"
        assert client.get("/nowhere").status_code == 404
        assert client.get("/boom").status_code == 500
        sent = {"data": {"a": "b"}, "files": {"upload": ("x.bin", b"x" * 300_000)}}
        assert client.post("/form", **sent).json()["size"] == 300_000
        assert client.post("/raw", content=b"x" * 1_000_000).text == "1000000"


def test_django_routes(django):
    assert routes(
        django, "/", "/orders/7/", "/nested/abc", "/nested/1999/", "/articles/2001/", "/nowhere",
        "/boom", "/stream", "/file",
    ) == [
        "/", "/orders/<int:order_id>/", "/nested/<slug:name>", "/nested/(?P<year>[0-9]{4})/$",
        "^articles/(?P<year>[0-9]{4})/$", None, "/boom", "/stream", "/file",
    ]  # fmt: skip


# --- others ---


def test_bottle_like_routes(worker):
    server = worker("wsgi_routes.app:app", JSON_LOG)
    assert server.get("/hello/ann").body == b"hello ann"
    assert server.get("/fail/x").status == 500
    assert server.get("/nowhere").status == 404
    assert [r.get("route") for r in records(server, 3)] == ["/hello/<name>", "/fail/<what>", None]


def test_configured_name_comes_first(worker):
    rules = [{"match": "GET /hello/*", "name": "/greet/{who}"}]
    server = worker("wsgi_routes.app:app", JSON_LOG | {"route": rules})
    assert routes(server, "/hello/ann", "/") == ["/greet/{who}", "/"]


def test_configured_name_without_a_framework(worker):
    rules = [{"match": "/r*", "name": "/r"}]
    server = worker("wsgi_pep3333.app:app", JSON_LOG | {"route": rules})
    assert routes(server, "/raises", "/hello") == ["/r", None]


def test_apps_are_left_alone() -> None:
    """Nothing of Pellucid's is imported by the apps."""
    for folder in ("wsgi_flask", "wsgi_django", "wsgi_routes"):
        assert "pellucid" not in Path(APPS / folder / "app.py").read_text()
