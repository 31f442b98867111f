"""What the tests of the WSGI gateway share: one request at a time on the transport in memory."""

from __future__ import annotations

import unittest
from collections.abc import Callable, Iterable
from typing import Any

import _fake_transport
from gateway_case import GET

StartResponse = Callable[..., Callable[[bytes], object]]
App = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]
Body = list[bytes | int | str]
Headers = list[tuple[str, str]]


def head(
    method: str = "GET", target: str = "/", fields: str = "Host: a.test\r\n", version: str = "1.1"
) -> bytes:
    """A request head; fields are whole lines."""
    return f"{method} {target} HTTP/{version}\r\n{fields}\r\n".encode("latin-1")


def post(length: int | None, target: str = "/") -> bytes:
    """The head of a POST with a body of that length, chunked when None."""
    framing = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    return head("POST", target, f"Host: a.test\r\n{framing}\r\n")


class Result:
    """What became of a request; attributes as fake_transport.c names them."""

    outcome: str  # "finish" or "abort"
    head: bytes
    body: bytes
    interim: bytes
    writes: bytes  # body length after each call of the transport, "!" where it was the last
    sent_by_file: int
    error: str
    exc_type: str | None
    exc_message: str | None
    exc_stack: str | None
    route: str | None
    route_source: int
    status: int
    is_stamped: bool
    is_begun: bool

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)

    def field(self, name: str) -> str | None:
        """First value of a response header field."""
        for line in self.head.decode("latin-1").split("\r\n")[1:]:
            key, _, value = line.partition(": ")
            if key.lower() == name.lower():
                return value
        return None


class WsgiCase(unittest.TestCase):
    """self.call(app) runs one request through the gateway and returns its Result."""

    conf: dict[str, Any] = {}

    def call(
        self,
        app: App,
        request: bytes = GET,
        body: Body | None = None,
        *,
        multiprocess: bool = False,
        **how: Any,
    ) -> Result:
        """Opens the gateway for app, sends one request, closes it. how: as of respond()."""
        doc = {"server": {"app": "test:app", "interface": "wsgi"}}
        for section, keys in self.conf.items():
            doc[section] = doc.get(section, {}) | keys if isinstance(keys, dict) else keys
        _fake_transport.open(app, doc, multiprocess)
        try:
            return Result(_fake_transport.respond(request, body or [], **how))
        finally:
            _fake_transport.close()

    def assert_complete(self, result: Result, body: bytes | None = None) -> None:
        """The response was finished without an error."""
        self.assertEqual((result.outcome, result.error), ("finish", ""), result.exc_stack)
        self.assertTrue(result.is_stamped and result.is_begun)
        if body is not None:
            self.assertEqual(result.body, body)

    def assert_refused(self, result: Result, error: str, message: str) -> None:
        """Nothing was sent; the record says why."""
        self.assertEqual((result.outcome, result.error, result.head), ("abort", error, b""))
        self.assertIn(message, result.exc_message or "")
