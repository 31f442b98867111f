"""Clients of the tests: bytes on a socket, and an ordinary one for where bytes do not matter."""

from __future__ import annotations

import io
import socket
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any

Address = tuple[str, int] | str


@dataclass(frozen=True)
class Response:
    """An answer. headers: in order, names as sent; body: decoded of its framing."""

    status: int
    reason: str
    version: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """First value of a field, None without; the case of name does not matter."""
        return next((v for k, v in self.headers if k.lower() == name.lower()), None)

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.body.decode()


class _Shared:
    """Gives http.client the one reader of a connection, so that pipelined answers are not lost."""

    def __init__(self, reader: io.BufferedReader) -> None:
        self._reader = reader

    def makefile(self, *args: Any, **kwargs: Any) -> _Shared:
        return self

    def close(self) -> None:
        """The connection outlives the answer."""

    def flush(self) -> None:
        """Nothing is written through this object."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)


class Wire:
    """One client connection. address: (host, port), or the path of a unix socket."""

    def __init__(self, address: Address, timeout: float) -> None:
        family = (
            socket.AF_UNIX
            if isinstance(address, str)
            else (socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        )
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.settimeout(timeout)
        self.sock.connect(address)
        self._reader = self.sock.makefile("rb")

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection."""
        self._reader.close()
        self.sock.close()

    def send(self, data: bytes) -> Wire:
        """Sends all of data; returns self, so that reads like wire.send(...).read()."""
        self.sock.sendall(data)
        return self

    def end(self) -> Wire:
        """Says that nothing more will be sent (half-close)."""
        self.sock.shutdown(socket.SHUT_WR)
        return self

    def read(self, method: str = "GET") -> Response:
        """Reads one answer to a request of that method.

        Raises http.client.HTTPException (BadStatusLine, IncompleteRead, RemoteDisconnected) on
        what is none, TimeoutError.
        """
        answer = HTTPResponse(_Shared(self._reader), method=method)  # type: ignore[arg-type]
        answer.begin()
        body = answer.read()
        return Response(answer.status, answer.reason, answer.version, answer.getheaders(), body)

    def read_exactly(self, n: int) -> bytes:
        """Reads n bytes as they are on the wire; fewer at the end of the connection."""
        return self._reader.read(n)

    def read_until(self, mark: bytes) -> bytes:
        """Reads up to and including mark, or to the end of the connection."""
        got = b""
        while not got.endswith(mark):
            byte = self._reader.read(1)
            if not byte:
                break
            got += byte
        return got

    def read_all(self, quiet: float | None = None) -> bytes:
        """Reads until the server closes; with quiet, until nothing came for that many seconds.

        A reset counts as the end. TimeoutError when nothing at all came in time.
        """
        got = b""
        try:
            while piece := self._reader.read1(65536):
                got += piece
                if quiet is not None:
                    self.sock.settimeout(quiet)
        except ConnectionResetError:
            pass
        except TimeoutError:
            if quiet is None or not got:
                raise
        return got

    def is_closed(self) -> bool:
        """Has the server closed (and was everything read)? Waits the connection's timeout."""
        try:
            return self._reader.read1(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False


def request(
    method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
) -> bytes:
    """The bytes of an ordinary HTTP/1.1 request; Content-Length is added to a body."""
    fields = {"Host": "localhost"} | (headers or {})
    if body and not {"content-length", "transfer-encoding"} & {k.lower() for k in fields}:
        fields["Content-Length"] = str(len(body))
    head = "".join(f"{k}: {v}\r\n" for k, v in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body
