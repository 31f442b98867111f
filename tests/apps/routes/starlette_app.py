"""Starlette: mounts in mounts, with parameters, a FastAPI, an app that is none of a framework's."""

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route


async def echo(request):
    return PlainTextResponse(repr(dict(request.path_params)))


async def boom(request):
    raise RuntimeError("boom")


async def bare(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


class Thing(HTTPEndpoint):
    get = staticmethod(echo)


api = FastAPI()
api.add_route("/plain/{user}", echo)
items = Mount("/items", routes=[Route("/{item}", echo), Route("/boom/{what}", boom)])
app = Starlette(
    routes=[
        Route("/", echo),
        Route("/orders/{order_id:int}", echo),
        Mount("/shops/{shop}", routes=[items]),
        Route("/things/{thing}", Thing),
        Route("/posts/{number}", echo, methods=["POST"]),
        Mount("/bare", bare),
        Mount("/numbers/{a:int}/{b:float}", routes=[Route("/{c}", echo)]),
        Mount("/things/{thing:uuid}", routes=[Route("/parts/{part}", echo)]),
        Mount("/trees/{tree:path}/leaves", routes=[Route("/{leaf}", echo)]),
        Mount("/api/{version}", api),
    ]
)


async def copying(scope, receive, send):
    """Middleware that gives the app a scope of its own."""
    await app(dict(scope), receive, send)


class Copying:
    """The same, inside of the app."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        await self.app(dict(scope), receive, send)


copying_inside = Starlette(routes=app.routes, middleware=[Middleware(Copying)])
