"""The ASGI sister of lifecycle.py, with a lifespan that tells. LIFESPAN=fail: its start-up fails."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import lifecycle

TELL = "TELL" in os.environ


async def lifespan(receive: Any, send: Any) -> None:
    """Tells of start-up and shutdown; takes LIFESPAN_SECONDS for each."""
    while True:
        kind = (await receive())["type"]
        await asyncio.sleep(float(os.environ.get("LIFESPAN_SECONDS", "0")))
        if TELL:
            lifecycle._tell(kind)
        if os.environ.get("LIFESPAN") == "fail":
            raise RuntimeError("no database")
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """/: pid of the worker; /sleep/SECONDS."""
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    _, what, *argument = scope["path"].split("/")
    if what == "sleep":
        await asyncio.sleep(float(argument[0]))
    body = str(os.getpid()).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
