"""The apps without a framework: one callable for each scenario and interface, no routing."""

from __future__ import annotations

import asyncio
import time
from typing import Any

HELLO = b"Hello, world!"
BODY = b"x" * 100_000
PAUSE = 0.01

HELLO_FIELDS = [("Content-Type", "text/plain"), ("Content-Length", str(len(HELLO)))]
BODY_FIELDS = [("Content-Type", "text/plain"), ("Content-Length", str(len(BODY)))]


def _raw(fields: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(k.lower().encode(), v.encode()) for k, v in fields]


def hello_wsgi(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """13 bytes."""
    start_response("200 OK", HELLO_FIELDS)
    return [HELLO]


def body_wsgi(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """100 kB."""
    start_response("200 OK", BODY_FIELDS)
    return [BODY]


def echo_wsgi(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """The request's body."""
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def sleep_wsgi(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """13 bytes after 10 ms."""
    time.sleep(PAUSE)
    start_response("200 OK", HELLO_FIELDS)
    return [HELLO]


async def _answer(send: Any, fields: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": body})


HELLO_RAW = _raw(HELLO_FIELDS)
BODY_RAW = _raw(BODY_FIELDS)


async def hello_asgi(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """13 bytes."""
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": HELLO_RAW})
    await send({"type": "http.response.body", "body": HELLO})


async def body_asgi(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """100 kB."""
    if scope["type"] == "http":
        await _answer(send, BODY_RAW, BODY)


async def echo_asgi(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The request's body."""
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    fields = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]
    await _answer(send, fields, body)


async def sleep_asgi(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """13 bytes after 10 ms."""
    if scope["type"] == "http":
        await asyncio.sleep(PAUSE)
        await _answer(send, HELLO_RAW, HELLO)
