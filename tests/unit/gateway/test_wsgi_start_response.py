"""start_response, write and early hints (PEP 3333)."""

from __future__ import annotations

import sys
import unittest
from typing import Any

from gateway_case import GET, logged
from wsgi_case import Result, WsgiCase, head


class Status(WsgiCase):
    """The first argument."""

    def answer(self, status: Any, headers: Any = None) -> Result:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            start_response(status, [] if headers is None else headers)
            return [b"x"]

        with logged():
            return self.call(app)

    def test_sent_as_given(self) -> None:
        for status in ("200 OK", "404 Not Found At All", "999 Odd", "299 caf\xe9"):
            result = self.answer(status)
            self.assert_complete(result)
            self.assertTrue(result.head.startswith(f"HTTP/1.1 {status}\r\n".encode("latin-1")))

    def test_without_a_phrase(self) -> None:
        for status in ("404 ", "404"):
            result = self.answer(status)
            self.assert_complete(result)
            self.assertTrue(result.head.startswith(b"HTTP/1.1 404 Not Found\r\n"))

    def test_refused(self) -> None:
        for status in (
            "200OK", "200\tOK", "200  OK", "200 OK ", "20 OK", "2000 OK", "OK", "", "abc OK", "099 OK",
            "200 OK\r\nX: y", "200 OK\n", "200 O\x00K", "200 \u20ac",
        ):  # fmt: skip
            with self.subTest(status=status):
                self.assert_refused(self.answer(status), "app_protocol", "the status")

    def test_not_a_str(self) -> None:
        for status in (200, b"200 OK", None):
            self.assert_refused(self.answer(status), "app_protocol", "not str")

    def test_interim_status_is_no_response(self) -> None:
        self.assert_refused(self.answer("100 Continue"), "app_protocol", "final response")


class Headers(Status):
    """The second argument."""

    def test_sent_in_order(self) -> None:
        result = self.answer("200 OK", [("X-B", "1"), ("x-a", ""), ("X-B", "caf\xe9")])
        self.assert_complete(result)
        self.assertIn(b"X-B: 1\r\nx-a: \r\nX-B: caf\xe9\r\n", result.head)

    def test_refused(self) -> None:
        for headers, why in (
            ((("A", "b"),), "not list"),
            ({"A": "b"}, "not list"),
            (None.__class__, "not list"),
            ([["A", "b"]], "not a (name, value) tuple"),
            ([("A",)], "not a (name, value) tuple"),
            ([("A", "b", "c")], "not a (name, value) tuple"),
            ([("A", 1)], "not str"),
            ([("A", None)], "not str"),
            ([(b"A", "b")], "not str"),
            ([("A", b"b")], "not str"),
            ([("A", "\u20ac")], "latin-1"),
            ([("\u20ac", "b")], "latin-1"),
            ([("A", "b\r\nC: d")], "control"),
            ([("A", "b\n c")], "control"),
            ([("A", "b\x00")], "control"),
            ([("A", "b\x7f")], "control"),
            ([("A b", "c")], "token"),
            ([("A:", "c")], "token"),
            ([("", "c")], "token"),
            ([("A\n", "c")], "token"),
        ):
            with self.subTest(headers=headers):
                self.assert_refused(self.answer("200 OK", headers), "app_protocol", why)

    def test_hop_by_hop(self) -> None:
        for name in ("keep-alive", "TE", "Transfer-Encoding", "UPGRADE", "Proxy-Connection"):
            request = self.answer("200 OK", [(name, "hop-x"), ("X-A", "b")])
            self.assertEqual((request.outcome, request.body), ("finish", b"x"))
            self.assertIn(b"X-A: b\r\n", request.head)
            self.assertNotIn(b"hop-x", request.head)

    def test_bad_content_length(self) -> None:
        for headers in ([("Content-Length", "x")], [("Content-Length", "1")] * 2):
            result = self.answer("200 OK", headers)
            self.assert_refused(result, "app_protocol", "Content-Length")

    def test_taken_at_the_time_of_the_call(self) -> None:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            headers = [("X-A", "1")]
            start_response("200 OK", headers)
            headers[0] = ("X-A", "2\r\n")
            headers.clear()
            return [b""]

        self.assertEqual(self.call(app).field("X-A"), "1")


class Order(WsgiCase):
    """When and how often."""

    def test_returns_write(self) -> None:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            write = start_response("200 OK", [])
            assert write(b"one ") is None
            write(b"")
            write(b"two ")
            return [b"three", b"", b" four"]

        result = self.call(app)
        self.assert_complete(result, b"one two three four")
        self.assertEqual(result.field("Transfer-Encoding"), "chunked")

    def test_write_refuses(self) -> None:
        for data, why in (("text", "not bytes"), (bytearray(b"x"), "not bytes"), (1, "not bytes")):

            def app(environ: Any, start_response: Any, data: Any = data) -> list[bytes]:
                start_response("200 OK", [])(data)
                return []

            with logged():
                self.assert_refused(self.call(app), "app_protocol", why)

    def test_write_beyond_content_length(self) -> None:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            write = start_response("200 OK", [("Content-Length", "3")])
            write(b"abc")
            try:
                write(b"d")
            except ValueError as exc:
                assert "Content-Length" in str(exc)
                return []
            raise AssertionError("write took it")

        result = self.call(app)
        self.assertEqual((result.outcome, result.body), ("finish", b"abc"))
        self.assertEqual(result.error, "response_too_long")

    def test_write_in_close_comes_too_late(self) -> None:
        """The last chunk is out: more would be taken for the next response."""
        told: list[str] = []

        class Closing(list[bytes]):
            def close(self) -> None:
                try:
                    self.write(b"late")
                except RuntimeError as exc:
                    told.append(str(exc))

        def app(environ: Any, start_response: Any) -> Closing:
            pieces = Closing([b"one", b"two"])
            pieces.write = start_response("200 OK", [])
            return pieces

        self.assert_complete(self.call(app), b"onetwo")
        self.assertEqual(told, ["write(): the response has ended"])

    def test_second_call_is_an_error(self) -> None:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            start_response("200 OK", [])
            start_response("200 OK", [])
            return [b"x"]

        with logged():
            self.assert_refused(self.call(app), "app_protocol", "a second time")

    def test_never_called(self) -> None:
        for body in ([], [b"x"], [b"x", b"y"], iter([b"x"]), iter([])):
            with logged() as text:
                result = self.call(lambda environ, start_response, body=body: body)
            self.assert_refused(result, "app_protocol", "before it called start_response")
            self.assertIn("before it called start_response", text[0])

    def test_called_late(self) -> None:
        def app(environ: Any, start_response: Any) -> Any:
            yield b""
            start_response("200 OK", [])
            yield b"x"

        self.assert_complete(self.call(app), b"x")

    def test_arguments(self) -> None:
        for args, kwargs in (
            ((), {}),
            (("200 OK",), {}),
            (("200 OK", [], None, None), {}),
            (("200 OK", []), {"exc": None}),
            (("200 OK",), {"headers": []}),
        ):

            def app(
                environ: Any, start_response: Any, a: Any = args, k: Any = kwargs
            ) -> list[bytes]:
                start_response(*a, **k)
                return [b"x"]

            with logged():
                result = self.call(app)
            self.assertEqual((result.outcome, result.exc_type), ("abort", "TypeError"))


class ExcInfo(WsgiCase):
    """The third argument."""

    def test_replaces_before_the_first_byte(self) -> None:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            start_response("200 OK", [("X-A", "1"), ("Content-Length", "99")])
            try:
                raise KeyError("k")
            except KeyError:
                start_response("503 Sorry", [("X-B", "2")], sys.exc_info())
            return [b"mended"]

        result = self.call(app)
        self.assert_complete(result, b"mended")
        self.assertTrue(result.head.startswith(b"HTTP/1.1 503 Sorry\r\n"))
        self.assertIsNone(result.field("X-A"))
        self.assertEqual((result.field("X-B"), result.field("Content-Length")), ("2", "6"))

    def test_by_name(self) -> None:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            start_response("200 OK", [])
            try:
                raise KeyError("k")
            except KeyError:
                start_response("503 Sorry", [], exc_info=sys.exc_info())
            return [b"x"]

        self.assertEqual(self.call(app).status, 503)

    def test_first_call_may_have_it(self) -> None:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            try:
                raise KeyError("k")
            except KeyError:
                start_response("503 Sorry", [], sys.exc_info())
            return [b"x"]

        self.assert_complete(self.call(app), b"x")

    def test_none_is_none(self) -> None:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            start_response("200 OK", [], None)
            return [b"x"]

        self.assert_complete(self.call(app), b"x")

    def test_raises_once_headers_are_sent(self) -> None:
        def app(environ: Any, start_response: Any) -> Any:
            start_response("200 OK", [])
            yield b"some"
            try:
                raise KeyError("too late")
            except KeyError:
                start_response("503 Sorry", [], sys.exc_info())
            yield b"never"

        with logged():
            result = self.call(app)
        self.assertEqual((result.outcome, result.body, result.status), ("abort", b"some", 200))
        self.assertEqual((result.error, result.exc_type), ("app_exception", "KeyError"))
        self.assertIn('raise KeyError("too late")', result.exc_stack or "")

    def test_no_exc_info(self) -> None:
        for exc_info in ((None, None, None), "x", (), (1, 2, 3)):

            def app(environ: Any, start_response: Any, exc_info: Any = exc_info) -> list[bytes]:
                start_response("200 OK", [])
                start_response("200 OK", [], exc_info)
                return [b"x"]

            with logged():
                self.assert_refused(self.call(app), "app_protocol", "exc_info")


class EarlyHints(WsgiCase):
    """wsgi.early_hints"""

    def test_sent(self) -> None:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            environ["wsgi.early_hints"]([("Link", "</a.css>; rel=preload")])
            start_response("200 OK", [])
            return [b"x"]

        result = self.call(app)
        self.assert_complete(result, b"x")
        self.assertEqual(
            result.interim, b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
        )

    def test_refused(self) -> None:
        for headers in ("x", [("A", "\n")], [("A", 1)]):

            def app(environ: Any, start_response: Any, headers: Any = headers) -> list[bytes]:
                try:
                    environ["wsgi.early_hints"](headers)
                except (TypeError, ValueError):
                    start_response("200 OK", [])
                return [b"x"]

            self.assert_complete(self.call(app), b"x")

    def test_too_late(self) -> None:
        def app(environ: Any, start_response: Any) -> Any:
            start_response("200 OK", [])
            yield b"x"
            environ["wsgi.early_hints"]([])

        with logged():
            result = self.call(app)
        self.assertEqual((result.outcome, result.exc_type), ("abort", "AssertionError"))


class Names(WsgiCase):
    """What people see of the objects."""

    def test_it(self) -> None:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            assert "StartResponse" in repr(start_response)
            write = start_response("200 OK", [])
            assert "write" in repr(write)
            for cls in (type(start_response), type(environ["wsgi.input"])):
                try:
                    cls()
                except TypeError:
                    continue
                raise AssertionError("could be made")
            return [b"x"]

        self.assert_complete(self.call(app, head("GET", "/") or GET), b"x")


if __name__ == "__main__":
    unittest.main()
