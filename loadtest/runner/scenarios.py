"""The scenarios: what is asked of which app, over how many connections."""

from __future__ import annotations

from dataclasses import dataclass, field

HELLO = b"Hello, world!"
NAMED = b"Hello, Ada!"
ECHO = b"e" * 16384


@dataclass(frozen=True)
class Scenario:
    """One column of the comparison.

    apps: the app by interface; servers of other interfaces do not take part. floor: path that
    makes the floor server do the same, None where it cannot. expected: body of the right answer.
    threads: only servers with that many application threads, None for all (event loops always).
    """

    name: str
    title: str
    apps: dict[str, str]
    expected: bytes
    floor: str | None = "/"
    path: str = "/"
    body: bytes = field(default=b"", repr=False)
    connections: int = 64


def _plain(name: str) -> dict[str, str]:
    return {"wsgi": f"plain:{name}_wsgi", "asgi": f"plain:{name}_asgi"}


SCENARIOS = [
    Scenario("hello", "13 bytes, 64 connections", _plain("hello"), HELLO),
    Scenario("body", "100 kB, 64 connections", _plain("body"), b"x" * 100_000, "/body"),
    Scenario("echo", "POST of 16 kB, 64 connections", _plain("echo"), ECHO, "/", body=ECHO),
    Scenario("flask", "Flask", {"wsgi": "flask_app:app"}, NAMED, path="/hello/Ada"),
    Scenario("django", "Django", {"wsgi": "django_app:application"}, NAMED, path="/hello/Ada"),
    Scenario("fastapi", "FastAPI", {"asgi": "fastapi_app:app"}, NAMED, path="/hello/Ada"),
    Scenario("sleep", "10 ms asleep, 64 connections", _plain("sleep"), HELLO, None),
    Scenario("one", "13 bytes, 1 connection", _plain("hello"), HELLO, connections=1),
    Scenario("many", "13 bytes, 1,000 connections", _plain("hello"), HELLO, connections=1000),
]
