"""FastAPI: routers in routers, mounted apps, and plain routes and mounts of Starlette in it."""

from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

app, inner = FastAPI(), FastAPI()
shops, items = APIRouter(prefix="/shops/{shop}"), APIRouter(prefix="/items")


@app.get("/orders/{order_id}")
async def order(order_id: int) -> int:
    return order_id


@items.get("/{item}")
def item(shop: str, item: str) -> str:
    return f"{shop} {item}"


@app.get("/boom/{what}")
async def boom(what: str) -> str:
    raise RuntimeError(what)


@inner.get("/users/{user}")
async def user(user: str) -> str:
    return user


async def plain(request):
    return PlainTextResponse("plain")


async def bare(scope, receive, send):
    await PlainTextResponse("bare")(scope, receive, send)


extra = APIRouter()
extra.add_route("/plain/{item}", plain)
extra.mount("/files", bare)
inner.add_route("/plain/{user}", plain)
app.add_route("/plain/{name}", plain)
app.add_route("/also/plain/{name}", plain)
shops.include_router(items)
shops.include_router(extra, prefix="/extra")
app.include_router(shops)
app.mount("/api/v1", inner)
app.mount("/starlette/{version}", Starlette(routes=[Route("/plain/{user}", plain)]))
app.mount("/bare/{version}", bare)


async def copying(scope, receive, send):
    """Middleware that gives the app a scope of its own."""
    await app(dict(scope), receive, send)
