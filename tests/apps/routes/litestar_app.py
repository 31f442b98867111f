"""Litestar: handlers, nested routers, controllers, mounts."""

from litestar import Controller, Litestar, Router, asgi, get
from litestar.types import Receive, Scope, Send
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route


@get("/")
async def index() -> str:
    return "index"


@get("/orders/{order_id:int}")
async def order(order_id: int) -> int:
    return order_id


@get("/{item:str}", sync_to_thread=True)
def item(shop: str, item: str) -> str:
    return f"{shop} {item}"


class Things(Controller):
    path = "/things"

    @get("/{thing:uuid}")
    async def thing(self, thing: str) -> str:
        return str(thing)


@get("/boom/{what:str}")
async def boom(what: str) -> str:
    raise RuntimeError(what)


async def plain(request):
    return PlainTextResponse("plain")


inner = Starlette(routes=[Route("/plain/{name}/", plain)])


@asgi("/copied", is_mount=True, copy_scope=True)
async def copied(scope: Scope, receive: Receive, send: Send) -> None:
    await inner(scope, receive, send)


@asgi("/shared", is_mount=True, copy_scope=False)
async def shared(scope: Scope, receive: Receive, send: Send) -> None:
    await inner(scope, receive, send)


items = Router("/items", route_handlers=[item])
shops = Router("/shops/{shop:str}", route_handlers=[items])
mounts = Router("/mounts", route_handlers=[copied, shared])
app = Litestar([index, order, shops, Things, boom, mounts])


async def copying(scope, receive, send):
    """Middleware that gives the app a scope of its own."""
    await app(dict(scope), receive, send)
