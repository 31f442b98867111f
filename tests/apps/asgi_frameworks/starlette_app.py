"""A Starlette app without middleware of its own; file responses go by pathsend."""

import asyncio
import tempfile
from pathlib import Path

from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse
from starlette.routing import Mount, Route

EVENTS = []
FILE = Path(tempfile.mkdtemp()) / "file.bin"
FILE.write_bytes(bytes(range(256)) * 4096)


async def show(request: Request):
    return JSONResponse(
        {
            "path": request.url.path,
            "root_path": request.scope["root_path"],
            "scope_path": request.scope["path"],
            "url_for": str(request.url_for("show", name="x")),
            "extensions": sorted(request.scope["extensions"]),
        }
    )


class Endpoint(HTTPEndpoint):
    async def get(self, request):
        return PlainTextResponse("get")

    async def post(self, request):
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
        return PlainTextResponse(str(size))


async def file(request):
    return FileResponse(FILE, filename="file.bin")


async def disconnected(request):
    EVENTS.append("polling begun")
    while not await request.is_disconnected():
        await asyncio.sleep(0.02)
    EVENTS.append("polling ended")


async def events(request):
    return JSONResponse(EVENTS)


app = Starlette(
    routes=[
        Route("/show/{name}", show, name="show"),
        Mount("/mounted", routes=[Route("/show/{name}", show)]),
        Route("/endpoint", Endpoint),
        Route("/file", file),
        Route("/disconnected", disconnected),
        Route("/events", events),
    ]
)
