"""Every allocation of an ASGI request fails once: it ends in good order, and the next is served."""

from __future__ import annotations

import asyncio
import gc
import sys
import unittest
from typing import Any

import _fake_loop
from asgi_case import START, GatewayCase, body
from gateway_case import logged

try:
    import _testcapi
except ImportError:
    _testcapi = None  # type: ignore[assignment]

RAW = (
    b"GET /caf%%C3%%A9/%d?q=%d HTTP/1.1\r\nHost: a.test\r\nCookie: a=1\r\nX-A: %d\r\n"
    b"TE: trailers\r\nX-Forwarded-Prefix: /shop\r\n\r\n"
)
PIECE = b"piece"


async def eager(scope: Any, receive: Any, send: Any) -> None:
    """Ends in its first step."""
    await receive()
    await send({"type": "http.response.early_hint", "links": [b"</a>"]})
    await send(START | {"trailers": True, "headers": [(b"x-a", b"b")]})
    await send(body(PIECE, True))
    await send(body(bytearray(PIECE)))
    await send({"type": "http.response.trailers", "headers": [[b"x-sum", b"1"]]})


@unittest.skipUnless(_testcapi, "this Python has no _testcapi")
class NoMemory(GatewayCase):
    """_testcapi.set_nomemory makes the n-th allocation fail."""

    def begin(self, n: int, fail_at: int) -> Any:
        started: list[Any] = []
        raw = RAW % (n, n, n)

        def start() -> None:
            _testcapi.set_nomemory(fail_at, fail_at + 1)
            try:
                started.append(_fake_loop.start(raw))
            except MemoryError:
                pass  # the transport's own
            finally:
                _testcapi.remove_mem_hooks()

        self.loop.call_soon(start)
        self.turn()
        return started[0] if started else None

    def outcomes(self, n: int) -> set[str]:
        found = set()
        for i in range(1, n):
            request = self.begin(i, i)
            if request:
                outcome = self.finish(request)
                self.assertIn(outcome, ("finish", "abort"), f"allocation {i}")
                found.add(outcome)
        return found

    def failing_at_each(self, app: Any, n: int) -> None:
        self.open(app)
        with logged():
            found = self.outcomes(n)
            gc.collect()
            objects = len(gc.get_objects())
            found |= self.outcomes(n)
            gc.collect()
        self.assertLess(len(gc.get_objects()) - objects, 20)
        self.assertEqual(found, {"finish", "abort"})
        self.assertEqual(self.finish(self.begin(0, 10**6)), "finish")
        self.unhandled.clear()  # asyncio's own allocations failed too

    def opens(self, fail_at: int) -> bool:
        """Opens the gateway, and closes it; False when it could not."""
        _testcapi.set_nomemory(fail_at, fail_at + 1)
        try:
            self.open(eager)
        except (MemoryError, ValueError):  # the transport's own; the gateway's error
            return False
        finally:
            _testcapi.remove_mem_hooks()
        self.close()
        return True

    def test_open(self) -> None:
        self.open(eager)
        self.close()
        loop = set(vars(self.loop))
        tasks = (
            set(vars(vars(asyncio.tasks)["_all_tasks"])) if sys.version_info < (3, 12) else set()
        )
        with logged():
            results = [self.opens(i) for i in range(1, 400)]
        self.assertEqual(set(vars(self.loop)), loop)
        if sys.version_info < (3, 12):
            self.assertEqual(set(vars(vars(asyncio.tasks)["_all_tasks"])), tasks)
        self.assertIn(False, results)
        self.open(eager)
        self.assertEqual(self.finish(self.begin(0, 10**6)), "finish")

    def test_eager(self) -> None:
        self.failing_at_each(eager, 150)


if __name__ == "__main__":
    unittest.main()
