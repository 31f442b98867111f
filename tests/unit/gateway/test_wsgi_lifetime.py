"""What an app keeps for longer than its request, uses from other threads, or uses from within."""

from __future__ import annotations

import gc
import sys
import threading
import unittest
from typing import Any

import _fake_transport
from gateway_case import GET, logged
from wsgi_case import WsgiCase, post


class AfterTheEnd(WsgiCase):
    """Every object says that the request is over."""

    def test_all(self) -> None:
        kept: dict[str, Any] = {}

        def app(environ: Any, start_response: Any) -> list[bytes]:
            kept.update(environ)
            kept["start_response"] = start_response
            kept["write"] = start_response("200 OK", [])
            return [b"x"]

        self.assert_complete(self.call(app, post(5), [b"12345"]), b"x")
        stream = kept["wsgi.input"]
        for use in (
            lambda: kept["write"](b"x"),
            lambda: kept["start_response"]("200 OK", []),
            lambda: kept["wsgi.early_hints"]([]),
            stream.read,
            stream.readline,
            stream.readlines,
            lambda: next(stream),
            lambda: stream.readinto(bytearray(5)),
        ):
            with self.assertRaisesRegex(RuntimeError, "the request is over"):
                use()

    def test_in_close(self) -> None:
        """close() still belongs to the request."""

        class Body:
            def __init__(self, environ: Any) -> None:
                self.environ = environ

            def __iter__(self) -> Any:
                return iter([b"x"])

            def close(self) -> None:
                self.read = self.environ["wsgi.input"].read()

        bodies: list[Any] = []

        def app(environ: Any, start_response: Any) -> Any:
            start_response("200 OK", [])
            bodies.append(Body(environ))
            return bodies[0]

        self.assert_complete(self.call(app, post(2), [b"ab"]), b"x")
        self.assertEqual(bodies[0].read, b"ab")


class Threads(WsgiCase):
    """One thread at a time touches a request."""

    def test_a_reader_on_another_thread(self) -> None:
        def app(environ: Any, start_response: Any) -> Any:
            read: list[bytes] = []
            thread = threading.Thread(target=lambda: read.append(environ["wsgi.input"].read()))
            thread.start()
            start_response("200 OK", [])
            yield b"first "
            thread.join()
            yield read[0]

        self.assert_complete(self.call(app, post(4), [b"ab", 50, b"cd"]), b"first abcd")

    def test_end_waits_for_who_is_inside(self) -> None:
        read: list[Any] = []

        def reader(stream: Any) -> None:
            read.append(stream.read())
            try:
                read.append(stream.read())
            except RuntimeError as exc:
                read.append(str(exc))

        def app(environ: Any, start_response: Any) -> list[bytes]:
            thread = threading.Thread(target=reader, args=(environ["wsgi.input"],))
            thread.start()
            threads.append(thread)
            while not begun.wait(0.001):
                begun.set()
            start_response("200 OK", [])
            return [b"x"]

        for _ in range(20):
            threads: list[threading.Thread] = []
            begun = threading.Event()
            read.clear()
            self.assert_complete(self.call(app, post(4), [b"ab", 5, b"cd"]), b"x")
            threads[0].join()
            self.assertIn(read, ([b"abcd", "the request is over"], [b"abcd", b""]))

    def test_many_at_once(self) -> None:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            stream = environ["wsgi.input"]
            parts: list[bytes] = []
            threads = [
                threading.Thread(target=lambda: parts.append(stream.read(2))) for _ in range(8)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            start_response("200 OK", [])
            return [b"".join(sorted(parts))]

        body: list[Any] = [item for i in range(8) for item in (b"%d" % i, 1, b"%d" % i)]
        self.assert_complete(self.call(app, post(16), body), b"0011223344556677")


class FromWithin(WsgiCase):
    """App code that our checks run (a repr, a str) does not lock itself out."""

    def test_repr_uses_the_request(self) -> None:
        class Odd:
            def __init__(self, use: Any) -> None:
                self.use = use

            def __repr__(self) -> str:
                self.use()
                return "odd"

        def app(environ: Any, start_response: Any) -> list[bytes]:
            start_response("200 OK", [(Odd(environ["wsgi.input"].read), "x")])
            return [b"x"]

        with logged():
            result = self.call(app, post(1), [b"x"])
        self.assertEqual(result.outcome, "abort")
        # 3.11.2 loses what a repr raises in the text of an exception; 3.11.7 does not.
        if sys.version_info >= (3, 11, 7) or result.exc_type != "TypeError":
            self.assertEqual(result.exc_type, "RuntimeError")
            self.assertIn("in use by this thread", result.exc_message or "")


class Leaks(WsgiCase):
    """Nothing stays behind."""

    REQUESTS = 3000

    def app(self, environ: Any, start_response: Any) -> Any:
        how = environ["QUERY_STRING"]
        environ["keeps"] = (start_response, environ["wsgi.file_wrapper"](environ))  # cycles
        if how == "raise":
            raise ValueError("x" * 100)
        write = start_response("200 OK", [("X-A", "b")])
        environ["wsgi.input"].readline()
        if how == "write":
            write(b"x")
        if how == "list":
            return [b"x", b"y"]
        return iter([b"x", 5 if how == "breach" else b"y"])

    def rounds(self, n: int) -> None:
        ways = ("list", "write", "stream", "raise", "breach")
        with logged():
            for i in range(n):
                path = f"/{ways[i % 5]}/{i}?{ways[i % 5]}".encode()
                raw = b"POST " + path + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"
                _fake_transport.respond(raw, [b"ab\nc"], gone_after=1 if i % 7 == 0 else -1)

    def test_objects_and_memory(self) -> None:
        _fake_transport.open(self.app, {"server": {"app": "a:b", "interface": "wsgi"}})
        try:
            self.rounds(self.REQUESTS)
            gc.collect()
            objects, blocks = len(gc.get_objects()), sys.getallocatedblocks()
            self.rounds(self.REQUESTS)
            gc.collect()
            self.assertLess(len(gc.get_objects()) - objects, 20)
            # One leaked by the rarest way would be REQUESTS / 7; C memory is LeakSanitizer's, and
            # resident memory takes ten rounds to settle with 3.13.
            self.assertLess(sys.getallocatedblocks() - blocks, self.REQUESTS / 10)
        finally:
            _fake_transport.close()

    def test_app_is_let_go(self) -> None:
        class Handler:
            def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
                start_response("200 OK", [])
                return [b"x"]

            def __del__(self) -> None:
                gone.append(1)

        gone: list[int] = []
        self.assert_complete(self.call(Handler(), GET), b"x")
        self.assertEqual(gone, [1])


if __name__ == "__main__":
    unittest.main()
