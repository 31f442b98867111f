"""A client that hides nothing: bytes out, strictly parsed HTTP/1.1 responses in."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass


class Broken(Exception):
    """The server sent something that is no HTTP/1.1 response, or stopped in the middle of one."""


@dataclass
class Response:
    """One final response; fields keep order and case, values are latin-1 text."""

    status: int
    reason: str
    fields: list[tuple[str, str]]
    body: bytes
    trailers: list[tuple[str, str]]
    interim: list[Response]
    version: str = "HTTP/1.1"

    def get(self, name: str) -> str | None:
        """The only value of a field, or None; a repeated field is an error of the test."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} occurs {len(values)} times"
        return values[0] if values else None

    def all(self, name: str) -> list[str]:
        return [v for k, v in self.fields if k.lower() == name.lower()]


class Client:
    """A TCP or unix connection to the server under test; use as a context manager."""

    def __init__(self, address: tuple[str, int] | str, timeout_s: float = 10.0) -> None:
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        if isinstance(address, tuple) and ":" in address[0]:
            family = socket.AF_INET6
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.settimeout(timeout_s)
        self.sock.connect(address)
        self.pending = b""

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc: object) -> None:
        self.sock.close()

    def send(self, data: bytes) -> None:
        """Sends all of data; a server that has closed meanwhile is no error here."""
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def _more(self) -> None:
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError as exc:
            raise Broken("connection reset") from exc
        if not data:
            raise EOFError
        self.pending += data

    def _line(self) -> bytes:
        while b"\r\n" not in self.pending:
            self._more()
        line, self.pending = self.pending.split(b"\r\n", 1)
        if b"\r" in line or b"\n" in line:
            raise Broken(f"bare CR or LF in {line!r}")
        return line

    def _exactly(self, n: int) -> bytes:
        while len(self.pending) < n:
            self._more()
        data, self.pending = self.pending[:n], self.pending[n:]
        return data

    def _fields(self) -> list[tuple[str, str]]:
        fields = []
        while line := self._line():
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon or not name or name != name.strip():
                raise Broken(f"bad field line {line!r}")
            fields.append((name, value.strip(" \t")))
        return fields

    def _chunks(self) -> tuple[bytes, list[tuple[str, str]]]:
        body = b""
        while size := int(self._line(), 16):
            body += self._exactly(size)
            if self._exactly(2) != b"\r\n":
                raise Broken("chunk without CRLF")
        return body, self._fields()

    def _to_end(self) -> bytes:
        try:
            while True:
                self._more()
        except EOFError:
            data, self.pending = self.pending, b""
            return data

    def _one(self, method: str) -> Response:
        version, _, rest = self._line().decode("latin-1").partition(" ")
        status, _, reason = rest.partition(" ")
        if version not in ("HTTP/1.0", "HTTP/1.1") or len(status) != 3:
            raise Broken(f"bad status line {version} {rest}")
        res = Response(int(status), reason, self._fields(), b"", [], [], version)
        lengths, codings = res.all("content-length"), res.all("transfer-encoding")
        if len(lengths) > 1 or (lengths and codings):
            raise Broken("ambiguous framing")
        if method == "HEAD" or res.status in (204, 304) or res.status < 200:
            return res
        if codings:
            res.body, res.trailers = self._chunks()
        elif lengths:
            res.body = self._exactly(int(lengths[0]))
        else:
            res.body = self._to_end()
        return res

    def response(self, method: str = "GET") -> Response:
        """The next final response. Broken on nonsense, EOFError when the server closed instead."""
        interim: list[Response] = []
        began = False
        try:
            while True:
                began = bool(self.pending)
                res = self._one(method)
                if res.status >= 200:
                    res.interim = interim
                    return res
                interim.append(res)
        except EOFError:
            if self.pending or began:
                raise Broken(f"closed in the middle, after {self.pending[:200]!r}") from None
            raise

    def is_closed(self, within_s: float = 3.0) -> bool:
        """True when the server closes without another byte; False when it stays open (and silent)."""
        deadline = time.monotonic() + within_s
        while (left := deadline - time.monotonic()) > 0:
            self.sock.settimeout(left)
            try:
                data = self.sock.recv(65536)
            except TimeoutError:
                return False
            except ConnectionResetError:
                return True
            if not data:
                return True
            self.pending += data
            raise Broken(f"unexpected bytes {data[:200]!r}")
        return False

    def is_open(self, for_s: float = 0.15) -> bool:
        """True while nothing arrives, neither bytes nor an end."""
        return not self.is_closed(for_s)
