"""wsgi.input (PEP 3333, "Input and Error Streams")."""

from __future__ import annotations

import io
import unittest
from collections.abc import Callable
from typing import Any

from gateway_case import GET, logged
from wsgi_case import Body, Result, WsgiCase, post

Use = Callable[[Any], object]


class InputCase(WsgiCase):
    """self.use(request, body, function) is what function made of wsgi.input."""

    def use(self, request: bytes, body: Body, function: Use) -> Any:
        results: list[Any] = []

        def app(environ: Any, start_response: Any) -> list[bytes]:
            results.append(function(environ["wsgi.input"]))
            start_response("200 OK", [])
            return []

        self.assert_complete(self.call(app, request, body))
        return results[0]

    def failing(self, body: Body, function: Use, request: bytes = post(100)) -> Result:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            function(environ["wsgi.input"])
            start_response("200 OK", [])
            return []

        with logged() as self.text:
            return self.call(app, request, body)


class Read(InputCase):
    """read([size])"""

    def test_whole(self) -> None:
        for request in (post(6), post(None)):
            for size in ((), (-1,), (None,), (6,), (100,), (2**62,)):
                read = self.use(request, [b"ab", b"c", b"def"], lambda i, s=size: i.read(*s))
                self.assertEqual(read, b"abcdef", size)

    def test_parts_wait_for_what_was_asked(self) -> None:
        for request in (post(7), post(None)):
            parts = self.use(
                request,
                [b"ab", b"c", b"defg"],
                lambda i: [i.read(0), i.read(2), i.read(3), i.read(3), i.read(1), i.read()],
            )
            self.assertEqual(parts, [b"", b"ab", b"cde", b"fg", b"", b""])

    def test_after_the_end(self) -> None:
        for request, body in ((GET, []), (post(0), []), (post(None), []), (post(1), [b"x"])):
            again = self.use(
                request, body, lambda i: (i.read(), [i.read(), i.read(5), i.readline(), list(i)])[1]
            )
            self.assertEqual(again, [b"", b"", b"", []])

    def test_large(self) -> None:
        data = bytes(range(256)) * 4096
        pieces: Body = [data[i : i + 70000] for i in range(0, len(data), 70000)]
        for request in (post(len(data)), post(None)):
            self.assertEqual(self.use(request, pieces, lambda i: i.read()), data)
            read: list[bytes] = self.use(
                request, pieces, lambda i: list(iter(lambda: i.read(30001), b""))
            )
            self.assertEqual(b"".join(read), data)
            self.assertEqual({len(r) for r in read[:-1]}, {30001})

    def test_memory_follows_what_has_arrived(self) -> None:
        """A length that the client only promises is not allocated."""
        self.assertEqual(self.use(post(2**50), [b"ab"], lambda i: i.read(2)), b"ab")

    def test_bad_arguments(self) -> None:
        for args, exc in ((("x",), TypeError), ((1, 2), TypeError), ((1.5,), TypeError)):

            def use(i: Any, args: Any = args, exc: Any = exc) -> None:
                for method in (i.read, i.readline, i.readlines):
                    with self.assertRaises(exc):
                        method(*args)

            self.use(post(1), [b"x"], use)


class Lines(InputCase):
    """readline, readlines, iteration."""

    DATA = b"one\ntwo\n\nlong " + b"x" * 40000 + b"\nlast"
    LINES = DATA.splitlines(keepends=True)

    def pieces(self, size: int) -> Body:
        return [self.DATA[i : i + size] for i in range(0, len(self.DATA), size)]

    def test_readline(self) -> None:
        for size in (1, 3, 7, 16384, 100000):
            lines = self.use(post(None), self.pieces(size), lambda i: list(iter(i.readline, b"")))
            self.assertEqual(lines, self.LINES, size)

    def test_iteration(self) -> None:
        self.assertEqual(self.use(post(len(self.DATA)), self.pieces(5), list), self.LINES)

    def test_readlines(self) -> None:
        for hint in ((), (0,), (-1,), (None,), (2**40,)):
            lines = self.use(post(None), self.pieces(9), lambda i, h=hint: i.readlines(*h))
            self.assertEqual(lines, self.LINES)

    def test_readlines_with_a_hint(self) -> None:
        lines = self.use(post(None), self.pieces(9), lambda i: [i.readlines(5), i.readlines(5)])
        self.assertEqual(lines, [self.LINES[:2], self.LINES[2:4]])

    def test_readline_with_a_limit(self) -> None:
        lines = self.use(
            post(None),
            [b"a", b"bc\nd", b"ef"],
            lambda i: [i.readline(0), i.readline(2), i.readline(2), i.readline(9), i.readline(9)],
        )
        self.assertEqual(lines, [b"", b"ab", b"c\n", b"def", b""])

    def test_mixed_with_read(self) -> None:
        mixed = self.use(
            post(None),
            [b"one\ntw", b"o\nthree\nfour"],
            lambda i: [i.readline(), i.read(1), i.read(4), next(i), i.read()],
        )
        self.assertEqual(mixed, [b"one\n", b"t", b"wo\nt", b"hree\n", b"four"])

    def test_read_of_what_a_line_left(self) -> None:
        data = b"x\n" + b"y" * 10000
        read = self.use(post(len(data)), [data], lambda i: [i.readline(), i.read(3), i.read()])
        self.assertEqual(read, [b"x\n", b"yyy", b"y" * 9997])


class ReadInto(InputCase):
    """readinto(buffer)"""

    def test_it(self) -> None:
        def use(i: Any) -> list[Any]:
            buffer = bytearray(4)
            view = memoryview(bytearray(10))
            return [i.readline(), i.readinto(buffer), buffer, i.readinto(view), bytes(view)]

        read = self.use(post(None), [b"l\nab", b"cdef"], use)
        self.assertEqual(read, [b"l\n", 4, b"abcd", 2, b"ef" + b"\0" * 8])

    def test_not_writable(self) -> None:
        def use(i: Any) -> None:
            with self.assertRaises(TypeError):
                i.readinto(b"xx")

        self.use(post(1), [b"x"], use)

    def test_text_wrapper(self) -> None:
        def use(i: Any) -> str:
            return io.BytesIO(i.read()).read().decode()

        self.assertEqual(self.use(post(None), [b"ab"], use), "ab")


class Failure(InputCase):
    """The client does not send what it promised."""

    WAYS: tuple[Use, ...] = (
        lambda i: i.read(),
        lambda i: i.read(50),
        lambda i: i.readline(),
        lambda i: i.readlines(),
        list,
        lambda i: i.readinto(bytearray(50)),
    )

    def test_raises(self) -> None:
        for name, exc, error in (
            ("gone", "ConnectionResetError", "client_disconnected"),
            ("timeout", "TimeoutError", "body_timeout"),
            ("bad", "OSError", "bad_request"),
        ):
            for way in self.WAYS:
                for body in ([name], [b"abc", name]):
                    result = self.failing(body, way)
                    self.assertEqual(
                        (result.outcome, result.exc_type, result.error), ("abort", exc, error)
                    )
                    self.assertNotIn("Traceback", self.text[0])
                    self.assertIn(f"raised {exc}", self.text[0])

    def test_may_be_caught(self) -> None:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            try:
                environ["wsgi.input"].read()
            except OSError:
                start_response("400 Bad Request", [])
            return [b"x"]

        self.assertEqual(self.call(app, post(9), [b"abc", "timeout"]).status, 400)


if __name__ == "__main__":
    unittest.main()
