"""wsgi.file_wrapper (PEP 3333, "Optional Platform-Specific File Handling")."""

from __future__ import annotations

import gzip
import io
import os
import tempfile
import unittest
from collections.abc import Callable
from typing import Any

from gateway_case import logged
from wsgi_case import Headers, Result, WsgiCase, head


class Files(WsgiCase):
    """Files that an app returns."""

    DATA = bytes(range(256)) * 1000

    def send(self, make: Callable[[], Any], headers: Headers | None = None) -> Result:
        """The app returns the wrapper of what make() gives."""

        def app(environ: Any, start_response: Any) -> Any:
            start_response("200 OK", headers or [])
            self.file = make()
            return environ["wsgi.file_wrapper"](self.file, 4096)

        result = self.call(app)
        self.assert_complete(result)
        self.assertTrue(self.file.closed)
        return result

    def opened(self, offset: int = 0, buffering: int = -1) -> Any:
        path = os.path.join(self.folder.name, "data")
        with open(path, "wb") as file:
            file.write(self.DATA)
        opened = open(path, "rb", buffering)
        opened.seek(offset)
        return opened

    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def test_sendfile(self) -> None:
        for buffering in (-1, 0):
            result = self.send(lambda b=buffering: self.opened(0, b))
            self.assertEqual((result.body, result.sent_by_file), (self.DATA, len(self.DATA)))
            self.assertEqual(result.field("Content-Length"), str(len(self.DATA)))

    def test_position(self) -> None:
        result = self.send(lambda: self.opened(1000))
        self.assertEqual(result.body, self.DATA[1000:])
        self.assertEqual(result.field("Content-Length"), str(len(self.DATA) - 1000))

    def test_position_behind_what_was_read(self) -> None:
        def make() -> Any:
            file = self.opened()
            file.read(10)
            return file

        self.assertEqual(self.send(make).body, self.DATA[10:])

    def test_position_behind_the_end(self) -> None:
        result = self.send(lambda: self.opened(len(self.DATA) + 5))
        self.assertEqual((result.body, result.field("Content-Length")), (b"", "0"))

    def test_file_that_tells_no_size(self) -> None:
        result = self.send(lambda: open("/proc/self/stat", "rb"))
        self.assertEqual(result.sent_by_file, 0)
        self.assertTrue(result.body.startswith(f"{os.getpid()} (".encode()))

    def test_content_length(self) -> None:
        result = self.send(lambda: self.opened(5), [("Content-Length", "100")])
        self.assertEqual((result.body, result.sent_by_file), (self.DATA[5:105], 100))

    def test_content_length_with_write(self) -> None:
        def app(environ: Any, start_response: Any) -> Any:
            start_response("200 OK", [("Content-Length", "10")])(b"four")
            return environ["wsgi.file_wrapper"](self.opened())

        self.assert_complete(self.call(app), b"four" + self.DATA[:6])

    def test_pending_writes_are_sent(self) -> None:
        def make() -> Any:
            file = tempfile.TemporaryFile()
            file.write(self.DATA)
            file.seek(20)
            return file

        result = self.send(make)
        self.assertEqual((result.body, result.sent_by_file), (self.DATA[20:], len(self.DATA) - 20))

    def test_no_real_file_is_read(self) -> None:
        result = self.send(lambda: io.BytesIO(self.DATA))
        self.assertEqual((result.body, result.sent_by_file), (self.DATA, 0))

    def test_gzip_is_read(self) -> None:
        """GzipFile has a fileno(), of the compressed bytes."""

        def make() -> Any:
            path = os.path.join(self.folder.name, "data.gz")
            with gzip.open(path, "wb") as file:
                file.write(self.DATA)
            return gzip.open(path, "rb")

        result = self.send(make)
        self.assertEqual((result.body, result.sent_by_file), (self.DATA, 0))

    def test_subclass_is_read(self) -> None:
        class Upper(io.FileIO):
            def read(self, size: int = -1) -> bytes:  # type: ignore[override]
                return (super().read(size) or b"").upper()

        def make() -> Any:
            path = os.path.join(self.folder.name, "text")
            with open(path, "wb") as file:
                file.write(b"abc")
            return Upper(path)

        self.assertEqual(self.send(make).body, b"ABC")

    def test_pipe_is_read(self) -> None:
        def make() -> Any:
            r, w = os.pipe()
            os.write(w, b"through a pipe")
            os.close(w)
            return open(r, "rb")

        result = self.send(make)
        self.assertEqual((result.body, result.sent_by_file), (b"through a pipe", 0))

    def test_without_close(self) -> None:
        class Bare:
            closed = True

            def __init__(self) -> None:
                self.left = [b"a", b"b", b""]

            def read(self, size: int) -> bytes:
                return self.left.pop(0)

        self.assertEqual(self.send(Bare).body, b"ab")

    def test_as_an_iterable(self) -> None:
        def app(environ: Any, start_response: Any) -> Any:
            wrapper = environ["wsgi.file_wrapper"](io.BytesIO(b"abcde"), blksize=2)
            assert wrapper.blksize == 2 and wrapper.filelike.getvalue() == b"abcde"
            pieces = list(wrapper)
            wrapper.close()
            assert wrapper.filelike.closed
            start_response("200 OK", [])
            return pieces

        self.assert_complete(self.call(app), b"abcde")

    def test_closed_file(self) -> None:
        def app(environ: Any, start_response: Any) -> Any:
            start_response("200 OK", [])
            file = self.opened()
            file.close()
            return environ["wsgi.file_wrapper"](file)

        with logged():
            result = self.call(app)
        self.assertEqual((result.outcome, result.exc_type), ("abort", "ValueError"))

    def test_head_sends_no_file(self) -> None:
        def app(environ: Any, start_response: Any) -> Any:
            start_response("200 OK", [])
            return environ["wsgi.file_wrapper"](self.opened())

        result = self.call(app, head("HEAD"))
        self.assert_complete(result, b"")
        self.assertEqual(result.field("Content-Length"), str(len(self.DATA)))


if __name__ == "__main__":
    unittest.main()
