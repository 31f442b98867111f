"""The API as a checker sees it: `mypy` reads this with the rest (pyproject.toml)."""

import pellucid

orders = pellucid.counter("shop.orders")
waits = pellucid.histogram("shop.waits", boundaries=(1, 2))


@pellucid.span("price", kind="x", share=0.5)
def price(order: int) -> float:
    with pellucid.span("look up") as span:
        span.set("order", order)
        return 0.5


@pellucid.span("ship")
async def ship(order: int) -> str:
    async with pellucid.span("wait"):
        return str(order)


async def app(order: int) -> str:
    orders.add(1, kind="gift", share=0.5, is_new=True, number=7)
    waits.record(price(order), share=0.5)
    pellucid.span("x", kind=None)  # type: ignore[arg-type]
    pellucid.no_such_thing()  # type: ignore[attr-defined]
    return await ship(order)
