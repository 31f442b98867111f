"""What the tests of the ASGI gateway share: requests on the loop transport in memory."""

from __future__ import annotations

import asyncio
import unittest
from collections.abc import Awaitable, Callable
from typing import Any

import _fake_loop
from gateway_case import GET

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
POST = b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n"
START = {"type": "http.response.start", "status": 200, "headers": []}


def body(data: bytes = b"", more: bool = False) -> dict[str, Any]:
    """An http.response.body message."""
    return {"type": "http.response.body", "body": data, "more_body": more}


class GatewayCase(unittest.TestCase):
    """One loop and one open gateway for each test."""

    def setUp(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.unhandled: list[dict[str, Any]] = []
        self.loop.set_exception_handler(lambda _, context: self.unhandled.append(context))
        asyncio.set_event_loop(self.loop)
        self.is_open = False

    def tearDown(self) -> None:
        self.close()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.turn(0.01)
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()
        asyncio.set_event_loop(None)
        self.assertEqual(self.unhandled, [])

    def close(self) -> None:
        """Closes the gateway, as the worker does at its end."""
        if self.is_open:
            self.is_open = False
            _fake_loop.close()

    def open(self, app: App, **server: Any) -> None:
        """Opens the gateway; without a lifespan unless server says otherwise."""
        doc = {"server": {"app": "a:b", "lifespan": "off", "graceful_timeout": "1s"} | server}
        _fake_loop.open(app, doc, self.loop)
        self.is_open = True

    def start(self, raw: bytes = GET) -> Any:
        """Begins a request from a callback of the loop, as the worker does."""
        started: list[Any] = []
        self.loop.call_soon(lambda: started.append(_fake_loop.start(raw)))
        self.turn()
        return started[0]

    def turn(self, seconds: float = 0) -> None:
        """Lets the loop run: until what is due by then has been done, late as that may be."""
        self.loop.run_until_complete(self._pass(seconds))

    async def _pass(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        for _ in range(10):
            await asyncio.sleep(0)

    def finish(self, request: Any, seconds: float = 3) -> str:
        """Runs the loop until the gateway has given the request back; its outcome."""
        end = self.loop.time() + seconds
        while request.outcome is None and self.loop.time() < end:
            self.turn(0.005)
        return request.outcome
