"""`http.route` as frameworks know it, without a line about it in the apps."""

from __future__ import annotations

import json

import pytest

ITEM = "0b6ce9a4-5ee7-4a4c-9d39-d7f5c9a0d9f0"

# Framework, then each path with the route that is to be read.
CASES = {
    "litestar": {
        "/": "/",
        "/orders/7": "/orders/{order_id}",
        "/orders/8": "/orders/{order_id}",
        "/shops/books/items/dune": "/shops/{shop}/items/{item}",
        f"/things/{ITEM}": "/things/{thing}",
        "/boom/x": "/boom/{what}",
        "/nowhere/at/all": None,
    },
    "bottle": {
        "/": "/",
        "/orders/7": "/orders/<order_id:int>",
        "/orders/8": "/orders/<order_id:int>",
        "/shop/items/dune": "/shop/items/<item>",
        "/boom/x": "/boom/<what>",
        "/nowhere/at/all": None,
    },
}


@pytest.mark.parametrize("framework", CASES)
def test_routes(worker, framework):
    pytest.importorskip(framework)
    cases = CASES[framework]
    app = worker(f"routes.{framework}_app:app", {"http": {"access_log_format": "json"}})
    for n, path in enumerate(cases, 1):
        app.get(path)
        app.wait_access("\n", n)
    lines = app.wait_access("\n", len(cases)).splitlines()[: len(cases)]
    found = {record["path"]: record.get("route") for record in map(json.loads, lines)}
    assert found == cases
