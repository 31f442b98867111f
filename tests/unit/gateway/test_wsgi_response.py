"""What an app returns, and how it fails (PEP 3333, "Handling the Content-Length Header", ...)."""

from __future__ import annotations

import unittest
from collections.abc import Callable, Iterator
from typing import Any
from wsgiref.validate import validator

from gateway_case import GET, logged
from wsgi_case import App, Headers, Result, WsgiCase, head, post


def answering(body: Any, headers: Headers | None = None, status: str = "200 OK") -> App:
    """An app that returns body, or what body() gives."""

    def app(environ: Any, start_response: Any) -> Any:
        start_response(status, list(headers or []))
        return body() if callable(body) else body

    return app


class Closable:
    """An iterable that counts what is done with it."""

    def __init__(self, items: list[Any], fail_at: int = -1, close_fails: bool = False) -> None:
        self.items, self.fail_at, self.close_fails = items, fail_at, close_fails
        self.asked = self.closed = 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self.asked == self.fail_at:
            raise KeyError("in __next__")
        if self.asked == len(self.items):
            raise StopIteration
        self.asked += 1
        return self.items[self.asked - 1]

    def close(self) -> None:
        self.closed += 1
        if self.close_fails:
            raise OSError("in close")


class Known(WsgiCase):
    """Lists and tuples: the length goes with the head."""

    def test_lengths(self) -> None:
        for body in (
            [b"hello"],
            (b"hello",),
            [b"he", b"", b"llo"],
            (b"h", b"ello"),
            [b"", b"hello"],
        ):
            result = self.call(answering(body))
            self.assert_complete(result, b"hello")
            self.assertEqual(result.field("Content-Length"), "5")
            self.assertEqual(result.writes, b"5! ", "one call of the transport")

    def test_empty(self) -> None:
        for body in ([], (), [b""], (b"", b""), iter([]), iter([b"", b""])):
            result = self.call(answering(body))
            self.assert_complete(result, b"")
            self.assertEqual(result.field("Content-Length"), "0")

    def test_many_pieces(self) -> None:
        for n in (63, 64, 65, 200):
            body = [b"%d," % i for i in range(n)]
            self.assert_complete(self.call(answering(body)), b"".join(body))

    def test_the_apps_own_length_stays(self) -> None:
        result = self.call(answering([b"hello"], [("content-LENGTH", "5")]))
        self.assert_complete(result, b"hello")
        self.assertEqual(result.head.lower().count(b"content-length"), 1)

    def test_length_of_one_item_iterables(self) -> None:
        class One:
            def __len__(self) -> int:
                return 1

            def __iter__(self) -> Iterator[bytes]:
                return iter([b"hello"])

        result = self.call(answering(One()))
        self.assert_complete(result, b"hello")
        self.assertEqual(result.field("Content-Length"), "5")

    def test_subclass_of_bytes(self) -> None:
        self.assert_complete(self.call(answering([type("B", (bytes,), {})(b"x")])), b"x")


class Streams(WsgiCase):
    """Any other iterable: one piece after the other."""

    def test_each_piece_leaves_before_the_next_is_asked_for(self) -> None:
        result = self.call(answering(Closable([b"one", b"", b"two", b"", b"three"])))
        self.assert_complete(result, b"onetwothree")
        self.assertEqual(result.field("Transfer-Encoding"), "chunked")
        self.assertEqual(result.writes, b"3 6 11 11! ")

    def test_http_1_0_ends_with_the_connection(self) -> None:
        result = self.call(answering(iter([b"a", b"b"])), head(version="1.0"))
        self.assert_complete(result, b"ab")
        self.assertIsNone(result.field("Transfer-Encoding"))

    def test_iter_and_len_may_use_the_request(self) -> None:
        class App:
            def __init__(self, environ: Any, start_response: Any) -> None:
                self.environ, self.start_response = environ, start_response

            def __len__(self) -> int:
                return len(self.environ["wsgi.input"].readline())

            def __iter__(self) -> Iterator[bytes]:
                self.start_response("200 OK", [])
                return iter([self.environ["wsgi.input"].read()])

        result = self.call(App, post(4), [b"\nabc"])
        self.assert_complete(result, b"abc")
        self.assertEqual(result.field("Content-Length"), "3")

    def test_sequence_protocol(self) -> None:
        class Old:
            def __getitem__(self, i: int) -> bytes:
                return [b"a", b"b"][i]

        self.assert_complete(self.call(answering(Old())), b"ab")

    def test_length_reached(self) -> None:
        """An iterator may end when its bytes are sent, and its last code still runs."""
        done: list[int] = []

        def body() -> Iterator[bytes]:
            yield b"ab"
            yield b"cd"
            done.append(1)

        self.assert_complete(self.call(answering(body, [("Content-Length", "4")])), b"abcd")
        self.assertEqual(done, [1])

    def test_length_exceeded_stops_the_iteration(self) -> None:
        body = Closable([b"ab", b"cd", b"ef", b"gh"])
        result = self.call(answering(body, [("Content-Length", "3")]))
        self.assertEqual((result.outcome, result.error), ("finish", "response_too_long"))
        self.assertEqual((result.body, body.asked, body.closed), (b"abc", 2, 1))

    def test_no_body_wanted_stops_the_iteration(self) -> None:
        for request, status in ((head("HEAD"), "200 OK"), (GET, "204 No Content")):
            body = Closable([b"a", b"b", b"c"])
            self.assert_complete(self.call(answering(body, status=status), request), b"")
            self.assertEqual((body.asked, body.closed), (1, 1))

    def test_head_of_a_list_has_its_length(self) -> None:
        result = self.call(answering([b"hello"]), head("HEAD"))
        self.assert_complete(result, b"")
        self.assertEqual(result.field("Content-Length"), "5")


class Close(WsgiCase):
    """close() of the iterable: exactly once, on every path."""

    def closed(self, body: Closable, **how: Any) -> Result:
        with logged() as self.text:
            result = self.call(answering(body), **how)
        self.assertEqual(body.closed, 1)
        return result

    def test_after_the_end(self) -> None:
        self.assert_complete(self.closed(Closable([b"a"])), b"a")

    def test_generator(self) -> None:
        done: list[str] = []

        def body() -> Iterator[bytes]:
            try:
                yield b"a"
                yield b"b"
            finally:
                done.append("closed")

        result = self.call(answering(body), gone_after=1)
        self.assertEqual((result.outcome, done), ("abort", ["closed"]))

    def test_app_fails_in_iteration(self) -> None:
        for fail_at in (0, 1):
            result = self.closed(Closable([b"a"], fail_at))
            self.assertEqual((result.outcome, result.error), ("abort", "app_exception"))
            self.assertEqual(result.body, b"a" * fail_at)

    def test_client_leaves(self) -> None:
        body = Closable([b"aaa", b"bbb", b"ccc"])
        result = self.closed(body, gone_after=4)
        self.assertEqual((result.outcome, result.error), ("abort", "client_disconnected"))
        self.assertEqual(body.asked, 2)
        self.assertEqual(self.text, [""])

    def test_breach(self) -> None:
        for items in ([b"a", "b"], ["a"], [1]):
            result = self.closed(Closable(items))
            self.assertEqual((result.outcome, result.error), ("abort", "app_protocol"))

    def test_unusable_head(self) -> None:
        body = Closable([b"a"])
        with logged():
            result = self.call(answering(body, [("Content-Length", "x")]))
        self.assertEqual((result.outcome, body.closed), ("abort", 1))

    def test_close_raises(self) -> None:
        """The response is complete by then; the error is logged and on the record."""
        result = self.closed(Closable([b"a"], close_fails=True))
        self.assertEqual((result.outcome, result.body), ("finish", b"a"))
        self.assertEqual((result.error, result.exc_type), ("app_exception", "OSError"))
        self.assertIn("in close", self.text[0])

    def test_both_raise(self) -> None:
        result = self.closed(Closable([b"a"], 1, close_fails=True))
        self.assertEqual(result.outcome, "abort")
        self.assertIn("in __next__", self.text[0])
        self.assertIn("in close", self.text[0])

    def test_subclass_of_list(self) -> None:
        class Body(list):  # type: ignore[type-arg]
            closed = 0

            def close(self) -> None:
                Body.closed += 1

        self.assert_complete(self.call(answering(Body([b"a"]))), b"a")
        self.assertEqual(Body.closed, 1)


class Breaches(WsgiCase):
    """What is no iterable of bytes: 500, and a line that says so."""

    def test_types(self) -> None:
        for body, why in (
            (None, "an object of type NoneType, not an iterable of bytes"),
            (5, "an object of type int"),
            (b"bytes", "int"),
            ("text", "str"),
            (["text"], "str"),
            ([b"ok", None], "NoneType"),
            ((bytearray(b"x"),), "bytearray"),
            ({"a": 1}, "str"),
            (lambda: iter(["x"]), "str"),
        ):
            with logged() as text:
                result = self.call(answering(body))
            self.assert_refused(result, "app_protocol", why)
            self.assertRegex(text[0], r"error .* GET / the app broke its protocol: .*\[trace ")

    def test_after_the_head(self) -> None:
        with logged():
            result = self.call(answering(iter([b"a", "b"])))
        self.assertEqual((result.outcome, result.body), ("abort", b"a"))
        self.assertEqual(result.error, "app_protocol")


class Exceptions(WsgiCase):
    """The app raises: logged with its traceback, and on the record."""

    def failing(self, exc: Callable[[], BaseException], request: bytes = GET) -> Result:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            raise exc()

        with logged() as text:
            result = self.call(app, request)
        self.text = text[0]
        self.assertEqual((result.outcome, result.head), ("abort", b""))
        self.assertTrue(result.is_stamped)
        return result

    def test_record_and_log(self) -> None:
        result = self.failing(lambda: ValueError("caf\xe9 \u20ac"), head("PUT", "/orders/7?x"))
        self.assertEqual((result.error, result.exc_type), ("app_exception", "ValueError"))
        self.assertEqual(result.exc_message, "caf\xe9 \u20ac")
        stack = result.exc_stack or ""
        self.assertTrue(stack.startswith("Traceback (most recent call last):\n"), stack)
        self.assertTrue(stack.endswith("ValueError: caf\xe9 \u20ac\n"), stack)
        self.assertRegex(
            self.text, r"PUT /orders/7 raised ValueError: caf\xe9 \u20ac \[trace [0-9a-f]{32}\]\n"
        )
        self.assertIn("    raise exc()\n", self.text)

    def test_type_is_qualified(self) -> None:
        class Odd(Exception):
            pass

        self.assertEqual(self.failing(Odd).exc_type, f"{__name__}.{Odd.__qualname__}")

    def test_base_exceptions_do_not_escape(self) -> None:
        for cls in (SystemExit, KeyboardInterrupt, GeneratorExit, BaseException):
            self.assertEqual(self.failing(cls).error, "app_exception")
        self.assertEqual(self.failing(lambda: SystemExit(3)).exc_message, "3")

    def test_no_text_to_be_had(self) -> None:
        class Mute(Exception):
            def __str__(self) -> str:
                raise KeyError("not even this")

        result = self.failing(Mute)
        self.assertIn("Mute", result.exc_type or "")
        self.assertEqual(result.exc_message or "", "")
        self.assertIn("Mute", self.text)

    def test_surrogates(self) -> None:
        self.assertEqual(self.failing(lambda: ValueError("\ud800")).exc_message, "\\ud800")

    def test_long_message_and_stack_lose_their_middle(self) -> None:
        result = self.failing(lambda: ValueError("\xe9" * 30000 + "end"))
        for text, most in ((result.exc_message, 1024), (result.exc_stack, 7168)):
            self.assertLessEqual(len((text or "").encode()), most)
            self.assertIn("[...]", text or "")
            self.assertTrue((text or "").rstrip().endswith("end"))

    def test_recursion(self) -> None:
        def app(environ: Any, start_response: Any) -> Any:
            return app(environ, start_response)

        with logged():
            self.assertEqual(self.call(app).exc_type, "RecursionError")

    def test_lines_cannot_be_forged(self) -> None:
        self.failing(lambda: ValueError("x\n2026-01-01T00:00:00Z error forged"))
        lines = self.text.split("\n")
        self.assertFalse([line for line in lines if line.startswith("2026-01-01T")])


class Validated(WsgiCase):
    """wsgiref.validate finds nothing to say."""

    HEADERS = [("Content-Type", "text/plain")]

    def check(self, app: App, *args: Any, body: bytes) -> None:
        with logged() as text:
            result = self.call(validator(app), *args)
        self.assert_complete(result, body)
        self.assertEqual(text, [""])

    def test_get(self) -> None:
        self.check(answering([b"x"], self.HEADERS), head("GET", "/a%20b?c"), body=b"x")

    def test_stream(self) -> None:
        self.check(answering(lambda: iter([b"a", b"b"]), self.HEADERS), body=b"ab")

    def test_post(self) -> None:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            stream = environ["wsgi.input"]
            parts = [stream.read(2), stream.readline(), *stream.readlines(1), stream.read(100)]
            start_response("200 OK", self.HEADERS)
            return [b"|".join(parts)]

        for request in (post(9), post(None)):
            self.check(app, request, [b"abc\nd", b"e\nfg"], body=b"ab|c\n|de\n|fg")

    def test_iterated_post(self) -> None:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            start_response("200 OK", self.HEADERS)
            return list(environ["wsgi.input"])

        self.check(app, post(None), [b"a\nb\n"], body=b"a\nb\n")

    def test_write(self) -> None:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            start_response("200 OK", self.HEADERS)(b"written ")
            environ["wsgi.errors"].flush()
            return [b"x"]

        self.check(app, body=b"written x")

    def test_exc_info(self) -> None:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            import sys

            start_response("200 OK", self.HEADERS)
            try:
                raise KeyError
            except KeyError:
                start_response("404 Oops", self.HEADERS, sys.exc_info())
            return [b"x"]

        self.check(app, body=b"x")

    def test_no_content(self) -> None:
        self.check(answering([], status="204 No Content"), body=b"")

    def test_error(self) -> None:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            raise KeyError("app")

        with logged():
            result = self.call(validator(app))
        self.assertEqual((result.outcome, result.exc_type), ("abort", "KeyError"))


if __name__ == "__main__":
    unittest.main()
