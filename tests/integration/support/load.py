"""Clients that keep asking, on connections they keep: what a restart must not disturb."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter

from support.wire import Address


class Load:
    """Threads that send one GET after the other, each on its own keep-alive connection.

    answers: requests answered with 200, by body; errors: what went wrong, one line each; closes:
    answers that said `Connection: close`, after which a client connects anew. A connection that
    ends without having said so is an error, as it is for a proxy.
    """

    def __init__(
        self,
        address: Address,
        threads: int = 4,
        path: str = "/",
        pause: float = 0.0,
        timeout: float = 10.0,
    ) -> None:
        self.answers: Counter[str] = Counter()
        self.errors: list[str] = []
        self.closes = 0
        self._address = address
        self._request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        self._pause = pause
        self._timeout = timeout
        self._is_over = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    @property
    def count(self) -> int:
        """Requests answered so far."""
        return sum(self.answers.values())

    def wait_for_more(self, count: int, timeout: float = 30.0) -> None:
        """Waits until count more requests are answered; TimeoutError."""
        goal, end = self.count + count, time.monotonic() + timeout
        while self.count < goal:
            if time.monotonic() > end:
                raise TimeoutError(f"{self.count} of {goal} answers; errors: {self.errors[:5]}")
            time.sleep(0.01)

    def _run(self) -> None:
        sock: socket.socket | None = None
        while not self._is_over.is_set():
            try:
                sock = sock or self._connect()
                if not self._exchange(sock):
                    sock.close()
                    sock = None
            except OSError as error:
                with self._lock:
                    self.errors.append(f"{type(error).__name__}: {error}")
                if sock:
                    sock.close()
                sock = None
                time.sleep(0.02)
            if self._pause:
                self._is_over.wait(self._pause)
        if sock:
            sock.close()

    def _connect(self) -> socket.socket:
        if isinstance(self._address, str):
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(self._timeout)
            sock.connect(self._address)
            return sock
        return socket.create_connection(self._address, self._timeout)

    def _exchange(self, sock: socket.socket) -> bool:
        """One request and its answer. False: the server closes the connection behind it."""
        sock.sendall(self._request)
        got = b""
        while b"\r\n\r\n" not in got:
            got += self._more(sock, got)
        head, _, body = got.partition(b"\r\n\r\n")
        fields = head.lower().split(b"\r\n")
        length = next(int(f[15:]) for f in fields if f.startswith(b"content-length:"))
        while len(body) < length:
            body += self._more(sock, got)
        if not head.startswith(b"HTTP/1.1 200 "):
            raise ConnectionError(f"answer {head.splitlines()[0]!r}")
        is_last = b"connection: close" in fields
        with self._lock:
            self.answers[body.decode()] += 1
            self.closes += is_last
        return not is_last

    @staticmethod
    def _more(sock: socket.socket, got: bytes) -> bytes:
        piece = sock.recv(65536)
        if not piece:
            raise ConnectionError(f"closed in the middle: {got[:60]!r}" if got else "closed")
        return piece
