"""FastAPI: routers in routers, and an app mounted below a path with a parameter."""

from fastapi import APIRouter, FastAPI

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


shops.include_router(items)
app.include_router(shops)
app.mount("/api/v1", inner)
