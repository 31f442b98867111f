"""`http.route` as frameworks know it, without a line about it in the apps."""

from __future__ import annotations

import json

import pytest

ITEM = "0b6ce9a4-5ee7-4a4c-9d39-d7f5c9a0d9f0"

# Module of tests/apps/routes, then each path with the route that is to be read.
CASES = {
    "bottle": {
        "/": "/",
        "/orders/7": "/orders/<order_id:int>",
        "/orders/8": "/orders/<order_id:int>",
        "/shop/items/dune": "/shop/items/<item>",
        "/boom/x": "/boom/<what>",
        "/nowhere/at/all": None,
    },
    "django": {
        "/": "/",
        "/orders/7": "/orders/<int:order_id>",
        "/shops/books/items/dune": "/shops/<slug:shop>/items/<str:item>",
        "/shops/books/pages/12": r"/shops/<slug:shop>/pages/(?P<page>\d+)$",
        "/shops/books/items/boom/x/": "/shops/<slug:shop>/items/boom/<str:what>/",
        "/nowhere/at/all": None,
    },
    "falcon": {
        "/": "/",
        "/orders/7": "/orders/{order_id:int}",
        "/orders/8": "/orders/{order_id:int}",
        "/shops/books/items/dune": "/shops/{shop}/items/{item}",
        "/streams/x": "/streams/{name}",
        "/boom/x": "/boom/{what}",
        "/api/v1/users/ann": "/api/v1/users/{user}",
        "/nowhere/at/all": None,
    },
    "falcon_asgi": {
        "/": "/",
        "/orders/7": "/orders/{order_id:int}",
        "/orders/8": "/orders/{order_id:int}",
        "/shops/books/items/dune": "/shops/{shop}/items/{item}",
        "/streams/x": "/streams/{name}",
        "/boom/x": "/boom/{what}",
        "/nowhere/at/all": None,
    },
    "fastapi": {
        "/orders/7": "/orders/{order_id}",
        "/shops/books/items/dune": "/shops/{shop}/items/{item}",
        "/boom/x": "/boom/{what}",
        "/api/v1/users/ann": "/api/v1/users/{user}",
        "/nowhere/at/all": None,
        "/plain/x": "/plain/{name}",
        "/also/plain/x": "/also/plain/{name}",
        "/shops/books/extra/plain/dune": "/shops/{shop}/extra/plain/{item}",
        "/shops/books/extra/files/a/b": "/shops/{shop}/extra/files/{path}",
        "/api/v1/plain/ann": "/api/v1/plain/{user}",
        "/starlette/v2/plain/ann": "/starlette/{version}/plain/{user}",
        "/bare/v2/a/b": "/bare/{version}/{path}",
        "/openapi.json": "/openapi.json",
        "/docs": "/docs",
        "/api/v1/docs": "/api/v1/docs",
    },
    "flask": {
        "/orders/7": "/orders/<int:order_id>",
        "/shops/books/items/dune": "/shops/<shop>/items/<item>",
        "/boom/x": "/boom/<what>",
        "/api/v1/users/ann": "/api/v1/users/<user>",
        "/nowhere/at/all": None,
    },
    "litestar": {
        "/": "/",
        "/orders/7": "/orders/{order_id}",
        "/orders/8": "/orders/{order_id}",
        "/shops/books/items/dune": "/shops/{shop}/items/{item}",
        f"/things/{ITEM}": "/things/{thing}",
        "/mounts/copied/plain/x": "/mounts/copied/{path}",
        "/mounts/shared/plain/x": "/mounts/shared/{path}",
        "/mounts/shared/nowhere": "/mounts/shared/{path}",
        "/boom/x": "/boom/{what}",
        "/nowhere/at/all": None,
    },
    "quart": {
        "/": "/",
        "/orders/7": "/orders/<int:order_id>",
        "/plain/x": "/plain/<name>",
        "/streams/x": "/streams/<name>",
        "/shops/books/items/dune": "/shops/<shop>/items/<item>",
        "/boom/x": "/boom/<what>",
        "/nowhere/at/all": None,
    },
    "starlette": {
        "/": "/",
        "/orders/7": "/orders/{order_id:int}",
        "/shops/books/items/dune": "/shops/{shop}/items/{item}",
        "/shops/books/items/boom/x": "/shops/{shop}/items/boom/{what}",
        "/nowhere/at/all": None,
        "/things/dune": "/things/{thing}",
        "/posts/7": "/posts/{number}",
        "/shops/x/items/x": "/shops/{shop}/items/{item}",
        "/numbers/7/7.5/7": "/numbers/{a}/{b}/{c}",
        "/numbers/007/07.50/7": "/numbers/{a}/{b}/{c}",
        f"/things/{ITEM}/parts/1": "/things/{thing}/parts/{part}",
        f"/things/{ITEM.upper()}/parts/1": "/things/{thing}/parts/{part}",
        f"/things/{ITEM.replace('-', '')}/parts/1": "/things/{thing}/parts/{part}",
        "/trees/a/b/leaves/c": "/trees/{tree}/leaves/{leaf}",
        "/bare/a/b": "/bare/{path}",
        "/api/v1/plain/ann": "/api/{version}/plain/{user}",
    },
}


JSON = {"http": {"access_log_format": "json"}}


def check(app, cases):
    """Asks for each path of cases; the access log must tell its route."""
    for n, path in enumerate(cases, 1):
        app.get(path)
        app.wait_access("\n", n)
    lines = app.wait_access("\n", len(cases)).splitlines()[: len(cases)]
    found = {record["path"]: record.get("route") for record in map(json.loads, lines)}
    assert found == cases


@pytest.mark.parametrize("framework", CASES)
def test_routes(worker, framework):
    pytest.importorskip(framework.partition("_")[0])
    check(worker(f"routes.{framework}_app:app", JSON), CASES[framework])


@pytest.mark.parametrize("framework", ["starlette", "fastapi", "litestar"])
def test_middleware_that_copies_the_scope(worker, framework):
    pytest.importorskip(framework)
    check(worker(f"routes.{framework}_app:copying", JSON), CASES[framework])


def test_middleware_that_copies_the_scope_inside_of_an_app(worker):
    pytest.importorskip("starlette")
    check(worker("routes.starlette_app:copying_inside", JSON), CASES["starlette"])


def test_django_by_asgi(worker):
    pytest.importorskip("django")
    check(worker("routes.django_app:asgi_app", JSON), CASES["django"])
