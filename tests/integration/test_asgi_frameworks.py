"""Frameworks on the ASGI gateway: FastAPI, Starlette, Django."""

from __future__ import annotations

import json
import time

import pytest

from support.processes import wait_for
from support.wire import request

LOOPS = ["asyncio", "uvloop"]


def start(module_worker, param, app, config=None):
    if param == "uvloop":
        pytest.importorskip("uvloop")
    pytest.importorskip(app.partition(".")[2].partition("_")[0])
    settings = {"server": {"loop": param} | (config or {}).get("server", {})}
    return module_worker(app, settings)


# --- FastAPI ---


@pytest.fixture(scope="module", params=LOOPS)
def fastapi(request, module_worker):
    return start(module_worker, request.param, "asgi_frameworks.fastapi_app:app")


def events(served) -> list[str]:
    return json.loads(served.get("/events").body)


def wait_event(served, event: str) -> list[str]:
    wait_for(f"event {event!r}", lambda: event in events(served), 8 * served.target.patience)
    return events(served)


@pytest.fixture
def served(fastapi):
    fastapi.get("/forget")
    return fastapi


def test_dependency_with_yield(served):
    answer = served.get("/items/7")
    assert json.loads(answer.body) == {"item_id": 7, "value": "value"}
    assert answer.header("x-middleware") == "yes"
    assert events(served) == ["dependency opened", "dependency closed"]


def test_validation_and_not_found(served):
    assert served.get("/items/seven").status == 422
    assert served.get("/nowhere").status == 404


def test_handler_in_a_thread(served):
    assert json.loads(served.get("/sync/world").body) == {"hello": "world"}


def test_state_of_the_lifespan(served):
    found = json.loads(served.get("/state").body)
    assert found["db"] == "open" and found["client"][0] == "127.0.0.1"


def test_bodies(served):
    assert (
        json.loads(served.request("POST", "/body", body=b"x" * 3_000_000).body)["length"]
        == 3_000_000
    )
    answer = served.request("POST", "/json", {"Content-Type": "application/json"}, b'{"a": [1]}')
    assert json.loads(answer.body) == {"a": [1]}


def test_background_task(served):
    with served.connect() as wire:
        wire.send(request("GET", "/background"))
        assert wire.read().status == 200
        assert "background done" not in json.loads(wire.send(request("GET", "/events")).read().body)
    wait_event(served, "background done")


def test_background_task_of_a_client_that_leaves(served):
    with served.connect() as wire:
        assert wire.send(request("GET", "/background")).read().status == 200
    wait_event(served, "background done")


def test_stream(served):
    assert served.get("/stream").text.split() == [str(i) for i in range(10)]
    assert "dependency closed" in events(served)


def test_sse_is_closed_when_the_client_leaves(served):
    with served.connect() as wire:
        wire.send(request("GET", "/sse"))
        wire.read_until(b"data: first\n\n")
    wait_event(served, "sse closed")


def test_dependency_is_closed_when_the_client_leaves(served):
    with served.connect() as wire:
        wire.send(request("GET", "/slow"))
        wait_event(served, "dependency opened")
    assert wait_event(served, "dependency closed")[1] == "dependency saw CancelledError"


def test_file(served):
    answer = served.get("/file")
    assert answer.body == bytes(range(256)) * 4096
    part = served.get("/file", {"Range": "bytes=1-3"})
    assert part.status == 206 and part.body == b"\x01\x02\x03"


def test_exception(served):
    assert served.get("/raises").status == 500
    served.wait_log("the handler is broken")


def test_httpx(served):
    httpx = pytest.importorskip("httpx")
    with httpx.Client(base_url=served.url) as client:
        for i in range(20):
            assert client.get(f"/items/{i}").json()["item_id"] == i
        upload = client.post("/body", content=(b"x" * 1000 for _ in range(100)))
        assert upload.json() == {"length": 100_000}


def test_nothing_reaches_the_loop(served):
    assert "never retrieved" not in served.log and "Exception in callback" not in served.log
    for block in served.log.split("Traceback (most recent call last)")[1:]:
        assert "the handler is broken" in block, block


# --- Starlette ---


@pytest.fixture(scope="module", params=LOOPS)
def starlette(request, module_worker):
    return start(
        module_worker,
        request.param,
        "asgi_frameworks.starlette_app:app",
        {"server": {"root_path": "/api"}},
    )


@pytest.mark.parametrize("sent", ["/show/x", "/api/show/x"], ids=["stripped", "kept"])
def test_root_path(starlette, sent):
    found = json.loads(starlette.get(sent).body)
    assert found["root_path"] == "/api" and found["scope_path"] == "/api/show/x"
    assert found["path"] == "/api/show/x" and found["url_for"].endswith("/api/show/x")


def test_root_path_with_a_forwarded_prefix(starlette):
    found = json.loads(starlette.get("/api/show/x", {"X-Forwarded-Prefix": "/shop"}).body)
    assert found["root_path"] == "/shop/api" and found["path"] == "/shop/api/show/x"
    assert found["url_for"].endswith("/shop/api/show/x")


def test_mount(starlette):
    found = json.loads(starlette.get("/mounted/show/x").body)
    assert found["root_path"] == "/api/mounted" and found["path"] == "/api/mounted/show/x"


def test_endpoint(starlette):
    assert starlette.get("/endpoint").text == "get"
    assert starlette.request("POST", "/endpoint", body=b"x" * 1_000_000).text == "1000000"
    assert starlette.request("PUT", "/endpoint").status == 405


def test_file_by_path(starlette):
    found = json.loads(starlette.get("/show/x").body)
    assert found["extensions"] == [
        "http.response.early_hint",
        "http.response.pathsend",
        "http.response.trailers",
    ]
    with starlette.connect() as wire:
        for _ in range(2):
            answer = wire.send(request("GET", "/file")).read()
            assert answer.body == bytes(range(256)) * 4096
            assert "file.bin" in answer.header("content-disposition")
    assert starlette.request("HEAD", "/file").header("content-length") == str(256 * 4096)


def test_polling_for_the_disconnect(starlette):
    with starlette.connect() as wire:
        wire.send(request("GET", "/disconnected"))
        wait_event(starlette, "polling begun")
    wait_event(starlette, "polling ended")


# --- Django ---


@pytest.fixture(scope="module", params=LOOPS)
def django(request, module_worker):
    return start(module_worker, request.param, "asgi_frameworks.django_app:app")


def test_django_views(django):
    assert django.get("/hello/w%C3%B6rld").text == "hello w\u00f6rld"
    assert json.loads(django.request("POST", "/sync", body=b"abc").body)["meta"] == "127.0.0.1"
    assert django.get("/stream").text.split() == list("01234")
    assert django.get("/nowhere").status == 404
    assert django.get("/raises").status == 500


def test_django_view_is_cancelled_when_the_client_leaves(django):
    with django.connect() as wire:
        wire.send(request("GET", "/slow"))
        wait_event(django, "slow begun")
    wait_event(django, "slow cancelled")
    assert "never retrieved" not in django.log


def test_django_keeps_alive(django):
    with django.connect() as wire:
        begun = time.monotonic()
        for i in range(50):
            assert wire.send(request("GET", f"/hello/{i}")).read().text == f"hello {i}"
        assert time.monotonic() - begun < 10 * django.target.patience
