"""Scopes: each request has its own, whatever the app has done to those before it."""

from __future__ import annotations

import asyncio
import copy
import gc
import sys
import unittest
import weakref
from collections.abc import Callable
from typing import Any

from asgi_case import POST, START, GatewayCase, body

GET = b"GET %s HTTP/1.1\r\nHost: a.test\r\nX-Number: %d\r\n\r\n"
EXTENSIONS = {
    "http.response.trailers": {},
    "http.response.pathsend": {},
    "http.response.early_hint": {},
}


def kept(scope: dict[str, Any]) -> Any:
    return scope.items()


def same_again(scope: dict[str, Any]) -> None:
    scope["path"] = scope.pop("path")


def own_state(scope: dict[str, Any]) -> None:
    scope["state"] = {"mine": 1}


class Late:
    def __deepcopy__(self, memo: Any) -> Late:
        return self


# What apps do to a scope; what they return is kept.
DEEDS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "nothing": lambda scope: None,
    "keep it": lambda scope: scope,
    "keep a view": kept,
    "keep the state": lambda scope: scope["state"],
    "keep the extensions": lambda scope: scope["extensions"],
    "keep the headers": lambda scope: scope["headers"],
    "change a value": lambda scope: scope.update(path="/changed", root_path="/x"),
    "add a key": lambda scope: scope.setdefault("path_params", {"id": 1}),
    "take a key away": lambda scope: scope.pop("query_string"),
    "put a key at the end": same_again,
    "empty it": lambda scope: scope.clear(),
    "add to the state": lambda scope: scope["state"].update(user=1),
    "replace the state": own_state,
    "add to asgi": lambda scope: scope["asgi"].update(version="2.0"),
    "empty the extensions": lambda scope: scope["extensions"].clear(),
    "add to the headers": lambda scope: scope["headers"].append((b"x-added", b"1")),
}


class Scopes(GatewayCase):
    def setUp(self) -> None:
        super().setUp()
        self.seen: list[dict[str, Any]] = []
        self.ids: list[int] = []
        self.kept: list[Any] = []
        self.deed: Callable[[dict[str, Any]], Any] = DEEDS["nothing"]

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            scope["state"]["shared"] = None
            self.state = scope["state"]
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        self.ids.append(id(scope))
        self.seen.append(copy.deepcopy(scope))
        self.kept.append(self.deed(scope))
        if scope.get("path") == "/wait":
            await asyncio.sleep(0.01)
        await send(START)
        await send(body(b"ok"))

    def ask(self, number: int, path: bytes = b"/") -> dict[str, Any]:
        """What the app was given for a request."""
        self.assertEqual(self.finish(self.start(GET % (path, number))), "finish")
        return self.seen[-1]

    def expect(self, scope: dict[str, Any], number: int, path: str = "/", **state: Any) -> None:
        (traceparent,) = [v for k, v in scope["headers"] if k == b"traceparent"]
        self.assertEqual(len(traceparent), 55)
        self.assertEqual(
            scope,
            {
                "type": "http",
                "asgi": {"version": "3.0", "spec_version": "2.5"},
                "http_version": "1.1",
                "server": scope["server"],
                "client": scope["client"],
                "scheme": "http",
                "method": "GET",
                "root_path": "",
                "path": path,
                "raw_path": path.encode(),
                "query_string": b"",
                "headers": [
                    (b"host", b"a.test"),
                    (b"x-number", b"%d" % number),
                    (b"traceparent", traceparent),
                ],
                "state": state,
                "extensions": EXTENSIONS,
            },
        )

    def test_whatever_apps_do(self) -> None:
        self.open(self.app)
        for number, (name, deed) in enumerate(DEEDS.items()):
            with self.subTest(name):
                self.deed = deed
                for again in range(2):
                    self.expect(self.ask(10 * number + again), 10 * number + again)
                self.deed = DEEDS["nothing"]
                self.expect(self.ask(10 * number + 2), 10 * number + 2)

    def test_what_is_kept_stays_as_it_was(self) -> None:
        self.open(self.app)
        self.deed = DEEDS["keep it"]
        self.ask(1)
        self.ask(2, b"/other")
        self.deed = DEEDS["nothing"]
        self.ask(3)
        self.expect(self.kept[0], 1)
        self.expect(self.kept[1], 2, "/other")

    def test_what_is_kept_may_change_later(self) -> None:
        self.open(self.app)
        for number, name in enumerate(["keep it", "keep the state", "keep the extensions"]):
            with self.subTest(name):
                self.deed = DEEDS[name]
                self.ask(1)
                self.kept[-1]["late"] = 1
                self.deed = DEEDS["nothing"]
                self.expect(self.ask(number), number)
                self.assertEqual(self.kept[-2]["late"], 1)

    def test_inner_dicts(self) -> None:
        self.open(self.app)
        inner = "http.response.trailers"
        self.deed = lambda scope: scope["extensions"][inner].update(mine=1)
        self.expect(self.ask(1), 1)
        self.deed = lambda scope: scope["extensions"][inner]
        self.expect(self.ask(2), 2)
        self.kept[-1]["late"] = 1
        self.deed = DEEDS["nothing"]
        self.expect(self.ask(3), 3)

    @unittest.skipIf(sys.version_info >= (3, 14), "this Python keeps no versions of dicts")
    def test_an_untouched_one_is_had_again(self) -> None:
        self.open(self.app)
        self.ask(1)
        fillers: list[dict[str, int]] = [{} for _ in range(1000)]  # take the memory of freed ones
        self.ask(2, b"/other")
        self.assertEqual(self.ids[0], self.ids[1])
        # Somebody looks at all objects there are while it is at rest, and keeps it.
        found = [
            o
            for o in gc.get_objects()
            if type(o) is dict and o.get("raw_path") == b"/other" and o.get("headers") is None
        ]
        self.assertIn(self.ids[1], [id(o) for o in found])
        self.expect(self.ask(3), 3)
        self.assertNotIn(self.ids[2], [id(o) for o in found])
        del fillers

    def test_paths_methods_and_queries_in_turn(self) -> None:
        self.open(self.app)
        for number, path in enumerate(["/a", "/b", "/a", "/c%20d", "/a"]):
            scope = self.ask(number, path.encode())
            self.assertEqual(scope["raw_path"], path.encode())
            self.assertEqual(scope["path"], path.replace("%20", " "))
        self.assertEqual(self.ask(6, b"/a?secret=1")["query_string"], b"secret=1")
        self.expect(self.ask(7, b"/a"), 7, "/a")
        self.finish(self.start(POST % 0))
        self.assertEqual(self.seen[-1]["method"], "POST")
        self.expect(self.ask(8, b"/a"), 8, "/a")

    def test_two_at_once(self) -> None:
        self.open(self.app)
        requests = [self.start(GET % (b"/wait", number)) for number in range(3)]
        for request in requests:
            self.assertEqual(self.finish(request), "finish")
        self.assertEqual(len(set(self.ids)), 3)
        for number, scope in enumerate(self.seen):
            self.expect(scope, number, "/wait")

    def test_more_at_once_than_are_kept(self) -> None:
        self.open(self.app)
        for _ in range(2):
            self.seen.clear()
            requests = [self.start(GET % (b"/wait", number)) for number in range(100)]
            for request in requests:
                self.assertEqual(self.finish(request), "finish")
            for number, scope in enumerate(self.seen):
                self.expect(scope, number, "/wait")

    def test_state_of_the_lifespan(self) -> None:
        """A copy for each request, of what there is then; values that are None count, too."""
        self.open(self.app, lifespan="on")
        self.expect(self.ask(1), 1, shared=None)
        self.deed = lambda scope: scope["state"].update(shared=2)
        self.expect(self.ask(2), 2, shared=None)
        self.deed = DEEDS["nothing"]
        self.expect(self.ask(3), 3, shared=None)
        self.state["late"] = late = Late()
        self.expect(self.ask(4), 4, shared=None, late=late)
        self.seen.clear()
        self.state["late"] = 3
        nobody_has_it = weakref.ref(late)
        del late
        self.assertIsNone(nobody_has_it())  # nothing at rest has it, either
        self.expect(self.ask(5), 5, shared=None, late=3)
        self.state.clear()
        self.expect(self.ask(5), 5)
        self.expect(self.ask(6), 6)
        self.state["again"] = 4
        self.expect(self.ask(7), 7, again=4)

    def test_an_app_that_waits_when_the_gateway_closes(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            self.kept.append(scope)
            await asyncio.sleep(60)

        self.open(app, graceful_timeout="0s")
        self.start(GET % (b"/", 1))
        self.close()
        self.assertEqual(self.kept[0]["path"], "/")


if __name__ == "__main__":
    unittest.main()
