"""Ends of messages when something is missing: half a body, an app that fails. RFC 9112, 8 and 9.3."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

from http_cases import CHUNKED, get, post
from rawhttp import Client
from support.worker import Worker

SERVERS = {
    "wsgi, 1 thread": ("conformance.wsgi_app:app", {"threads": 1}),
    "wsgi, 8 threads": ("conformance.wsgi_app:app", {"threads": 8}),
    "asgi, asyncio": ("conformance.asgi_app:app", {"loop": "asyncio"}),
    "asgi, uvloop": ("conformance.asgi_app:app", {"loop": "uvloop"}),
}


@pytest.fixture(scope="module", params=SERVERS)
def served(request: pytest.FixtureRequest, module_worker: Callable[..., Worker]) -> Worker:
    app, settings = SERVERS[request.param]
    if settings.get("loop") == "uvloop":
        pytest.importorskip("uvloop")
    return module_worker(app, {"server": settings})


@pytest.fixture
def client(served: Worker) -> Iterator[Client]:
    with Client(served.address) as c:
        yield c


@pytest.mark.parametrize(
    "sent",
    [
        post(b"Content-Length: 10\r\n", b"hello"),
        post(b"Content-Length: 10\r\n"),
        post(CHUNKED, b"5\r\nhello\r\n"),
        post(CHUNKED, b"5\r\nhello\r\n0\r\n"),
        post(CHUNKED, b"5\r\nhel"),
        post(CHUNKED),
    ],
)
def test_half_a_body_and_then_no_more(client: Client, sent: bytes) -> None:
    client.send(sent)
    client.sock.shutdown(socket.SHUT_WR)
    response = client.response()
    assert (response.status, response.get("connection")) == (400, "close")
    assert client.is_closed()


def test_half_a_body_behind_a_request(client: Client) -> None:
    client.send(get(b"/slow") + post(b"Content-Length: 10\r\n", b"hello"))
    client.sock.shutdown(socket.SHUT_WR)
    assert [client.response().status for _ in range(2)] == [200, 400]
    assert client.is_closed()


def test_half_a_body_after_100_continue(client: Client) -> None:
    client.send(post(b"Content-Length: 10\r\nExpect: 100-continue\r\n"))
    assert client.pending or client._line() == b"HTTP/1.1 100 Continue"
    assert client._line() == b""
    client.send(b"hello")
    client.sock.shutdown(socket.SHUT_WR)
    assert client.response().status == 400


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("path", [b"/raises", b"/header-lf"])
def test_500_keeps_the_connection(client: Client, method: str, path: bytes) -> None:
    """The request is whole, and so is the answer: nothing is wrong with the connection."""
    line = method.encode() + b" " + path + b" HTTP/1.1\r\nHost: a\r\n"
    client.send(line + (b"Content-Length: 3\r\n\r\nabc" if method == "POST" else b"\r\n"))
    client.send(get(b"/unread"))
    response = client.response(method)
    assert (response.status, response.get("connection")) == (500, None)
    assert response.body == (b"" if method == "HEAD" else b"Internal Server Error\n")
    assert client.response().body == b"ok"


def test_500_closes_when_the_client_wants_it(client: Client) -> None:
    client.send(get(b"/raises", b"Host: a\r\nConnection: close\r\n"))
    response = client.response()
    assert (response.status, response.get("connection")) == (500, "close")
    assert client.is_closed()


def test_500_in_http_1_0(client: Client) -> None:
    client.send(get(b"/raises", b"Connection: keep-alive\r\n", b"1.0"))
    response = client.response()
    assert (response.status, response.get("connection")) == (500, "keep-alive")
    client.send(get(b"/raises", b"", b"1.0"))
    response = client.response()
    assert (response.status, response.get("connection")) == (500, "close")
    assert client.is_closed()


def test_500_before_a_body_that_waits_for_100_continue(client: Client) -> None:
    """Whether the body follows must not be guessed."""
    client.send(post(b"Content-Length: 3\r\nExpect: 100-continue\r\n", target=b"/raises"))
    response = client.response()
    assert (response.status, response.get("connection"), response.interim) == (500, "close", [])
    assert client.is_closed()
