"""Starlette: mounts in mounts, with parameters, and an app that is none of a framework's."""

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route


async def echo(request):
    return PlainTextResponse(repr(dict(request.path_params)))


async def boom(request):
    raise RuntimeError("boom")


async def bare(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


items = Mount("/items", routes=[Route("/{item}", echo), Route("/boom/{what}", boom)])
app = Starlette(
    routes=[
        Route("/", echo),
        Route("/orders/{order_id:int}", echo),
        Mount("/shops/{shop}", routes=[items]),
        Mount("/bare", bare),
    ]
)
