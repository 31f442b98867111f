"""The other end of sd_notify: what the server says about its state."""

from __future__ import annotations

import socket
import time
from pathlib import Path


class Notify:
    """A notification socket. messages: every state received so far, oldest first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.messages: list[dict[str, str]] = []
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sock.bind(str(path))

    def close(self) -> None:
        """Closes the socket; the server's further messages fail, as they may."""
        self._sock.close()
        self.path.unlink(missing_ok=True)

    def receive(self, timeout: float) -> dict[str, str] | None:
        """Waits up to timeout seconds for a message; None without."""
        self._sock.settimeout(max(timeout, 0.001))
        try:
            text = self._sock.recv(4096).decode()
        except TimeoutError:
            return None
        message = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        self.messages.append(message)
        return message

    def wait(self, key: str, value: str, timeout: float) -> bool:
        """Waits for a message that holds key=value; False when timeout seconds have passed."""
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            message = self.receive(left)
            if message and message.get(key) == value:
                return True
        return False
