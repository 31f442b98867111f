"""Quick apps, WSGI and ASGI, that do as the path says: what they answer tells whose answer it is."""

from __future__ import annotations

import asyncio
import time


def wsgi(environ, start_response):
    path = environ["PATH_INFO"]
    body = path.encode()
    if path in ("/sleep", "/block"):
        time.sleep(float(environ["QUERY_STRING"]))
    elif path == "/raise":
        raise ValueError(path)
    elif path == "/echo":
        body = environ["wsgi.input"].read()
    start_response("204 No Content" if path == "/empty" else "200 OK", [])
    if path == "/closing":
        return _Closing([body], float(environ["QUERY_STRING"]))
    return [body]


class _Closing:
    """A body whose end takes its time."""

    def __init__(self, items, seconds):
        self._items = items
        self._seconds = seconds

    def __iter__(self):
        return iter(self._items)

    def __len__(self):
        return len(self._items)

    def close(self):
        time.sleep(self._seconds)


async def asgi(scope, receive, send):
    path = scope["path"]
    body = path.encode()
    if path == "/sleep":
        await asyncio.sleep(float(scope["query_string"]))
    elif path == "/block":
        time.sleep(float(scope["query_string"]))
    elif path == "/raise":
        raise ValueError(path)
    elif path == "/echo":
        body = (await receive())["body"]
    length = [] if path == "/empty" else [(b"content-length", b"%d" % len(body))]
    status = 204 if path == "/empty" else 200
    await send({"type": "http.response.start", "status": status, "headers": length})
    await send({"type": "http.response.body", "body": body})
    if path == "/closing":
        await asyncio.sleep(float(scope["query_string"]))
    elif path == "/raise_after":
        raise ValueError(path)
