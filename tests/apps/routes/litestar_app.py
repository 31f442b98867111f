"""Litestar: handlers, nested routers, controllers."""

from litestar import Controller, Litestar, Router, get


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


items = Router("/items", route_handlers=[item])
shops = Router("/shops/{shop:str}", route_handlers=[items])
app = Litestar([index, order, shops, Things, boom])


async def copying(scope, receive, send):
    """Middleware that gives the app a scope of its own."""
    await app(dict(scope), receive, send)
