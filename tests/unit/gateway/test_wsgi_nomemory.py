"""Every allocation of a request fails once: it ends in good order, and the next one is served."""

from __future__ import annotations

import gc
import unittest
from typing import Any

import _fake_transport
from gateway_case import logged

try:
    import _testcapi
except ImportError:
    _testcapi = None  # type: ignore[assignment]

FIELDS = b"".join(b"X-Field-%d: %d\r\n" % (i, i) for i in range(20))
RAW = (
    b"POST /caf%%C3%%A9/%d?q=%d HTTP/1.1\r\nHost: a.test\r\nCookie: a=1\r\nCookie: b=2\r\n"
    + FIELDS
    + b"Transfer-Encoding: chunked\r\n\r\n"
)


mixed_up: list[tuple[str, str]] = []


def check(environ: Any) -> None:
    """What is kept from request to request belongs together, whatever has failed before."""
    path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
    if path != "/caf\xc3\xa9/" + query[2:] or not environ["RAW_URI"].endswith("?" + query):
        mixed_up.append((environ["RAW_URI"], path))


def app(environ: Any, start_response: Any) -> Any:
    check(environ)
    stream = environ["wsgi.input"]
    body = [stream.readline(), stream.read(3), *stream.readlines(), stream.read()]
    environ["wsgi.early_hints"]([("Link", "</a>")])
    write = start_response("200 OK", [("X-A", "b"), ("X-B", "c")])
    write(b"written ")
    return iter(body)


def app_list(environ: Any, start_response: Any) -> Any:
    check(environ)
    start_response("200 OK", [("X-A", "b")])
    return [environ["wsgi.input"].read(), b"", b"more"]


@unittest.skipUnless(_testcapi, "this Python has no _testcapi")
class NoMemory(unittest.TestCase):
    """_testcapi.set_nomemory makes the n-th allocation fail."""

    def respond(self, n: int, fail_at: int) -> str:
        """The outcome of one request; "transport" when the failure hit the test's own code."""
        raw = RAW % (n, n)
        body = [b"line\nabcd", b"ef\nrest"]
        _testcapi.set_nomemory(fail_at, fail_at + 1)
        try:
            outcome: str = _fake_transport.respond(raw, body)["outcome"]
        except MemoryError:
            outcome = "transport"
        finally:
            _testcapi.remove_mem_hooks()
        _fake_transport.respond(RAW % (0, 0), body)
        self.assertEqual(mixed_up, [])
        return outcome

    def failing_at_each(self, app: Any) -> None:
        _fake_transport.open(app, {"server": {"app": "a:b", "interface": "wsgi"}})
        try:
            with logged():
                self.assertEqual(self.respond(0, 10**6), "finish")
                outcomes = [self.respond(n, n) for n in range(1, 150)]
                self.assertEqual(self.respond(0, 10**6), "finish")
                gc.collect()
                objects = len(gc.get_objects())
                outcomes += [self.respond(n, n) for n in range(1, 150)]
                gc.collect()
            self.assertLess(len(gc.get_objects()) - objects, 20)
        finally:
            _fake_transport.close()
        self.assertIn("abort", outcomes)
        self.assertEqual(outcomes[148], "finish", "the last ones fail nowhere")

    def test_stream(self) -> None:
        self.failing_at_each(app)

    def test_list(self) -> None:
        self.failing_at_each(app_list)


if __name__ == "__main__":
    unittest.main()
