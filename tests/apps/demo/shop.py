"""A small bookshop: an ordinary WSGI app, written without a thought for the server it runs on.

It needs nothing but the standard library. Each path shows one kind of request: quick, slow, busy,
failing, streaming.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

Environ = dict[str, Any]
Answer = tuple[HTTPStatus, str, Iterable[bytes]]

BOOKS = [
    (1, "The Art of Unix Programming", 3990),
    (2, "The Practice of Programming", 4490),
    (3, "Structure and Interpretation of Computer Programs", 5990),
]

INDEX = """<!doctype html><title>Bookshop</title><h1>Bookshop</h1><ul>
<li><a href="/books">/books</a>: the shelf, from a database
<li><a href="/books/2">/books/2</a>: one book (<a href="/books/9">/books/9</a> is not there)
<li><a href="/report">/report</a>: slow, waits for something else
<li><a href="/primes?below=200000">/primes?below=200000</a>: busy, burns CPU
<li><a href="/checkout">/checkout</a>: fails
<li><a href="/export">/export</a>: streams for two seconds
</ul>"""

_local = threading.local()


def database() -> sqlite3.Connection:
    """This thread's own shop, filled with the books."""
    if not hasattr(_local, "database"):
        _local.database = sqlite3.connect(":memory:")
        _local.database.execute("CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT, cents INT)")
        _local.database.executemany("INSERT INTO book VALUES (?, ?, ?)", BOOKS)
    shop: sqlite3.Connection = _local.database
    return shop


def as_json(value: Any, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    """An answer of JSON."""
    return status, "application/json", [json.dumps(value).encode() + b"\n"]


def index(environ: Environ) -> Answer:
    """What there is to try."""
    return HTTPStatus.OK, "text/html; charset=utf-8", [INDEX.encode()]


def books(environ: Environ) -> Answer:
    """The shelf."""
    rows = database().execute("SELECT id, title, cents FROM book ORDER BY id").fetchall()
    return as_json([{"id": i, "title": title, "cents": cents} for i, title, cents in rows])


def book(environ: Environ) -> Answer:
    """One book, or 404."""
    number = environ["PATH_INFO"].rpartition("/")[2]
    row = database().execute("SELECT title, cents FROM book WHERE id = ?", (number,)).fetchone()
    if row is None:
        return as_json({"error": f"no book {number}"}, HTTPStatus.NOT_FOUND)
    return as_json({"id": int(number), "title": row[0], "cents": row[1]})


def report(environ: Environ) -> Answer:
    """Waits 1.2 s, as if for another service."""
    time.sleep(1.2)
    return as_json({"sold": 42})


def primes(environ: Environ) -> Answer:
    """Counts primes the hard way."""
    below = int(parse_qs(environ["QUERY_STRING"]).get("below", ["200000"])[0])
    sieve = bytearray([1]) * max(below, 2)
    sieve[:2] = b"\0\0"
    for i in range(2, int(below**0.5) + 1):
        if sieve[i]:
            for multiple in range(i * i, below, i):
                sieve[multiple] = 0
    return as_json({"below": below, "primes": sum(sieve)})


def checkout(environ: Environ) -> Answer:
    """Divides the total by the number of items in an empty basket."""
    basket: list[int] = []
    return as_json({"average": sum(basket) / len(basket)})


def export(environ: Environ) -> Answer:
    """A line every 100 ms."""

    def lines() -> Iterator[bytes]:
        yield b"id,title,cents\n"
        for line in range(20):
            time.sleep(0.1)
            number, title, cents = BOOKS[line % len(BOOKS)]
            yield f"{number},{title},{cents}\n".encode()

    return HTTPStatus.OK, "text/csv", lines()


PATHS: dict[str, Callable[[Environ], Answer]] = {
    "/": index,
    "/books": books,
    "/report": report,
    "/primes": primes,
    "/checkout": checkout,
    "/export": export,
}


def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The WSGI app."""
    path = environ["PATH_INFO"]
    view = book if path.startswith("/books/") else PATHS.get(path)
    if view is None:
        status, kind, body = as_json({"error": f"no page {path}"}, HTTPStatus.NOT_FOUND)
    else:
        status, kind, body = view(environ)
    start_response(f"{status.value} {status.phrase}", [("Content-Type", kind)])
    return body
