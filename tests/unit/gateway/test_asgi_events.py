"""The transport's events: body, drain, clients that leave; and what ends when."""

from __future__ import annotations

import asyncio
import unittest
from typing import Any

from asgi_case import POST, START, GatewayCase, body
from gateway_case import GET, logged

SEEN: list[Any] = []


class Events(GatewayCase):
    def setUp(self) -> None:
        super().setUp()
        SEEN.clear()

    # --- send ---

    def test_one_write_at_the_end(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send(START)
            SEEN.append("started")
            await send(body(b"all"))
            SEEN.append("returned")

        self.open(app)
        request = self.start()
        self.assertEqual(request.outcome, "finish")
        self.assertEqual(SEEN, ["started", "returned"])
        self.assertEqual(request.body, b"all")
        self.assertIn(b"Content-Length: 3\r\n", request.head)
        record = request.record
        self.assertTrue(record["is_stamped"] and record["is_begun"] and not record["error"])

    def test_keys_that_are_no_literals(self) -> None:
        class Message(dict[str, Any]):
            pass

        def made(message: dict[str, Any]) -> Message:
            return Message({"".join(list(key)): value for key, value in message.items()})

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send(made({"status": 201, "headers": [], "type": "http.response.start", "x": 1}))
            await send(made({"more_body": False, "body": b"made", "type": "http.response.body"}))

        self.open(app)
        request = self.start()
        self.assertEqual((request.outcome, request.body), ("finish", b"made"))
        self.assertIn(b" 201 ", request.head)

    def test_a_message_that_changes_while_it_is_read(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            class Headers:
                def __iter__(self) -> Any:
                    message.clear()
                    yield (b"x-a", b"b")

            message = dict(START, headers=Headers())
            await send(message)
            SEEN.append(message)
            await send(body(b"all"))

        self.open(app)
        request = self.start()
        self.assertEqual((request.outcome, SEEN), ("finish", [{}]))
        self.assertIn(b"x-a: b\r\n", request.head)

    def test_full_buffer_holds_the_app(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await asyncio.sleep(0.01)
            await send(START)
            for i in range(3):
                await send(body(b"%d" % i, True))
                SEEN.append(i)
            await send(body())

        self.open(app)
        request = self.start()
        request.is_full = True
        self.turn(0.03)
        self.assertEqual(SEEN, [])
        request.drain()
        request.is_full = True  # again, before the app has a turn
        self.turn(0.01)
        self.assertEqual(SEEN, [], "woken, but not drained")
        request.drain()
        self.assertEqual(self.finish(request), "finish")
        self.assertEqual((request.body, SEEN), (b"012", [0, 1, 2]))

    def test_the_last_piece_does_not_wait(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await asyncio.sleep(0.01)
            await send(START)
            await send(body(b"last"))

        self.open(app)
        request = self.start()
        request.is_full = True
        self.assertEqual(self.finish(request), "finish")

    def test_streams_are_flushed(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send(START | {"headers": [(b"Content-Type", b"Text/Event-Stream;x")]})
            SEEN.append("start")
            await asyncio.sleep(0.01)
            await send(body(b"", True))
            await send(body())

        self.open(app)
        request = self.start()
        self.assertEqual((SEEN, request.n_flushed), (["start"], 1))
        self.assertEqual(self.finish(request), "finish")
        self.assertEqual(request.n_flushed, 2)

    # --- receive ---

    def test_body_in_parts(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            while True:
                message = await receive()
                SEEN.append((message["body"], message["more_body"]))
                if not message["more_body"]:
                    break
            await send(START)
            await send(body())

        self.open(app)
        request = self.start(POST % 9)
        self.turn(0.01)
        self.assertEqual((SEEN, request.n_continued), ([], 1))
        request.feed(b"abc")
        self.turn(0.01)
        request.feed(b"def")
        self.turn(0.01)
        request.feed(b"ghi", True)
        self.assertEqual(self.finish(request), "finish")
        self.assertEqual(SEEN, [(b"abc", True), (b"def", True), (b"ghi", False)])

    def test_large_body_comes_in_bounded_messages(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await asyncio.sleep(0)
            more = True
            while more:
                message = await receive()
                SEEN.append(len(message["body"]))
                more = message["more_body"]
            await send(START)
            await send(body())

        self.open(app)
        request = self.start(POST % 1_000_000)
        request.feed(b"x" * 1_000_000, True)
        self.assertEqual(self.finish(request), "finish")
        self.assertEqual(sum(SEEN), 1_000_000)
        self.assertLessEqual(max(SEEN), 262144)

    def test_broken_body_is_a_disconnect(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            while (message := await receive())["type"] != "http.disconnect":
                SEEN.append(message["body"])
            SEEN.append("disconnect")
            await send(START)

        self.open(app)
        request = self.start(POST % 9)
        request.feed(b"abc")
        self.turn(0.01)
        request.breaks()
        self.assertEqual(self.finish(request), "abort")
        self.assertEqual(SEEN, [b"abc", "disconnect"])

    # --- clients that leave ---

    def leaving(self, app: Any, *, only_sending: bool = False, raw: bytes = GET) -> Any:
        self.open(app)
        request = self.start(raw)
        self.turn(0.02)
        self.assertIsNone(request.outcome)
        self.left_s = self.loop.time()
        request.leave(only_sending)
        return request

    def test_leaving_wakes_receive_and_send(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            async def listen() -> None:
                await receive()
                SEEN.append((await receive())["type"])

            await asyncio.sleep(0.01)
            task = asyncio.create_task(listen())
            await asyncio.sleep(0)
            await send(START)
            try:
                await send(body(b"x", True))
            except OSError as exc:
                SEEN.append(type(exc).__name__)
                await task
                raise

        self.open(app)
        request = self.start()
        request.is_full = True
        self.turn(0.03)
        request.leave()
        with logged() as log:
            self.assertEqual(self.finish(request), "abort")
        self.assertCountEqual(SEEN, ["http.disconnect", "ClientDisconnected"])
        self.assertEqual(request.record["error"], "client_disconnected")
        self.assertEqual(log, [""])

    def test_deaf_stream_is_cancelled_at_once(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send(START)
            await asyncio.sleep(60)

        request = self.leaving(app)
        self.assertEqual(self.finish(request, 0.5), "abort")

    def test_deaf_work_has_a_second(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                SEEN.append(self.loop.time() - self.left_s)
                raise

        request = self.leaving(app)
        self.assertEqual(self.finish(request), "abort")
        self.assertGreater(SEEN[0], 0.99)
        self.assertEqual(request.record["error"], "client_disconnected")

    def test_half_closed_client_is_answered(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await asyncio.sleep(0.1)
            await send(START)
            await asyncio.sleep(0.05)
            await send(body(b"here"))

        request = self.leaving(app, only_sending=True)
        self.assertEqual(self.finish(request), "finish")
        self.assertEqual(request.body, b"here")

    def test_half_closed_client_has_its_stream(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send(START)
            for _ in range(4):
                await send(body(b"x", True))
                await asyncio.sleep(0.4)
            await send(body(b"y"))

        request = self.leaving(app, only_sending=True)
        self.assertEqual(self.finish(request, 5), "finish")
        self.assertEqual(request.body, b"xxxxy")

    def test_half_closed_client_that_reads_slowly_has_its_stream(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send(START)
            await asyncio.sleep(0.05)
            await send(body(b"x", True))
            await send(body(b"y"))

        request = self.leaving(app, only_sending=True)
        request.is_full = True
        self.assertIsNone(self.finish(request, 1.5))
        request.drain()
        self.assertEqual(self.finish(request), "finish")
        self.assertEqual(request.body, b"xy")

    def test_half_closed_client_that_then_leaves(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send(START)
            try:
                await asyncio.sleep(0.05)
                await send(body(b"x", True))
                await send(body(b"y"))
            except OSError as exc:
                SEEN.append(type(exc).__name__)

        request = self.leaving(app, only_sending=True)
        request.is_full = True
        self.turn(0.2)
        request.leave()
        self.assertEqual(self.finish(request, 0.5), "abort")
        self.assertEqual(SEEN, ["ClientDisconnected"])

    def test_half_closed_client_does_not_wait_for_ever(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send(START)
            await send(body(b"x", True))
            await asyncio.sleep(60)

        request = self.leaving(app, only_sending=True)
        self.assertEqual(self.finish(request), "abort")
        self.assertGreater(self.loop.time() - self.left_s, 0.99)
        self.assertEqual(request.record["error"], "client_disconnected")

    def test_cancelled_app_that_goes_on(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send(START)
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                SEEN.append("ignored")
            await asyncio.sleep(0.01)
            try:
                await send(body(b"late"))
            except OSError:
                SEEN.append("refused")

        request = self.leaving(app)
        self.assertEqual(self.finish(request), "abort")
        self.assertEqual(SEEN, ["ignored", "refused"])

    def test_app_that_cleans_up_is_left_alone(self) -> None:
        told = asyncio.Event()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            try:
                await asyncio.sleep(60)
            finally:
                SEEN.append("cancelled")
                await told.wait()
                SEEN.append("cleaned up")

        request = self.leaving(app, only_sending=True)
        while not SEEN:
            self.turn(0.005)
        request.leave()
        self.turn(0.01)
        told.set()
        self.assertEqual(self.finish(request), "abort")
        self.assertEqual(SEEN, ["cancelled", "cleaned up"])
        self.assertEqual(request.record["error"], "client_disconnected")

    # --- the end ---

    def test_stop_cancels_what_is_left(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            try:
                await asyncio.sleep(60)
            finally:
                SEEN.append("cleaned up")

        self.open(app, graceful_timeout="100ms")
        request = self.start()
        self.close()
        self.assertEqual((request.outcome, SEEN), ("abort", ["cleaned up"]))
        self.assertEqual(request.record["error"], "server_stopped")

    def test_stop_abandons_what_will_not_end(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            while True:
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    SEEN.append("ignored")

        self.open(app, graceful_timeout="10ms")
        request = self.start()
        with logged() as log:
            self.close()
        self.assertEqual((request.outcome, SEEN), ("abort", ["ignored"]))
        self.assertIn("did not end", log[0])

    def test_objects_outlive_their_request(self) -> None:
        kept: list[Any] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            kept.extend([scope, receive, send, receive(), asyncio.current_task()])
            await send(START)
            await send(body())

        self.open(app)
        self.assertEqual(self.start().outcome, "finish")

        async def later() -> None:
            scope, receive, send, waiting, task = kept
            SEEN.append((await receive())["type"])
            SEEN.append((await waiting)["type"])
            SEEN.append((task.done(), scope["path"]))
            try:
                await send(START)
            except RuntimeError as exc:
                SEEN.append(str(exc))

        self.loop.run_until_complete(later())
        self.assertEqual(
            SEEN,
            [
                "http.disconnect",
                "http.disconnect",
                (True, "/"),
                "a message was sent after the response was complete",
            ],
        )


if __name__ == "__main__":
    unittest.main()
