"""The smallest apps: one WSGI, one ASGI."""

from __future__ import annotations

from typing import Any

BODY = b"Hello, world!"


def wsgi(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Says hello."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(BODY)))])
    return [BODY]


async def asgi(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Says hello; has no lifespan."""
    if scope["type"] != "http":
        raise RuntimeError(f"no {scope['type']} here")
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(BODY))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})
