"""One worker by itself: gateways and transport without supervisor, template and observer."""

from __future__ import annotations

import json
import re
import socket
import struct
from array import array
from pathlib import Path

from support.running import Running
from support.server import Config, merged
from support.target import APPS, ROOT, Target
from support.wire import Address

MESSAGES = ["NONE"] + re.findall(
    r"^PEL_MSG\((\w+),", (ROOT / "include/pellucid/tbl/messages.h").read_text(), re.MULTILINE
)
MESSAGE = struct.Struct("=IIii240s")  # struct pel_msg of ipc.h


class Control:
    """The supervisor's end of a worker's control socket."""

    def __init__(self, sock: socket.socket, timeout: float) -> None:
        self.sock = sock
        self.sock.settimeout(timeout)

    def send(self, name: str, text: str = "", fd: int | None = None) -> None:
        """Sends one message, with a descriptor or without."""
        data = MESSAGE.pack(MESSAGES.index(name), 0, 0, 0, text.encode())
        rights = [] if fd is None else [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", [fd]))]
        self.sock.sendmsg([data], rights)

    def receive(self) -> tuple[str, str, int | None]:
        """Name, text and descriptor of the next message; the name is "" at the end of file."""
        data, ancillary, _, _ = self.sock.recvmsg(MESSAGE.size, socket.CMSG_SPACE(4))
        if not data:
            return "", "", None
        kind, _, _, _, text = MESSAGE.unpack(data)
        fds = [array("i", rights)[0] for _, _, rights in ancillary]
        return MESSAGES[kind], text.rstrip(b"\0").decode(), fds[0] if fds else None

    def expect(self, name: str) -> tuple[str, int | None]:
        """Text and descriptor of the next message, which has that name."""
        got, text, fd = self.receive()
        assert got == name, f"{got} {text}"
        return text, fd


class Worker(Running):
    """A process that runs pellucid._server.run_worker on a socket of ours.

    Connections wait in the socket's queue until the app is imported, so there is no waiting for a
    start: a request is simply answered later. family: what kind of socket it listens on.
    supervised: there is a control socket, whose other end is `control`.
    """

    def __init__(
        self,
        target: Target,
        folder: Path,
        app: str,
        config: Config,
        env: dict[str, str] | None = None,
        family: socket.AddressFamily = socket.AF_INET,
        supervised: bool = False,
    ) -> None:
        folder.mkdir(exist_ok=True)
        doc = merged({"server": {"chdir": str(APPS), "app": app}}, config)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        theirs.setblocking(False)
        self.control = Control(ours, 10 * target.patience)
        with _listener(family, folder) as listener, theirs:
            fd, control_fd = listener.fileno(), theirs.fileno() if supervised else -1
            super().__init__(
                target,
                folder,
                [
                    target.python,
                    str(Path(__file__).with_name("run_worker.py")),
                    json.dumps(doc),
                    app,
                    str(fd),
                    str(control_fd),
                ],
                target.environment(folder, env),
                listener.getsockname()[:2] if family != socket.AF_UNIX else listener.getsockname(),
                pass_fds=(fd, control_fd) if supervised else (fd,),
            )


def _listener(family: socket.AddressFamily, folder: Path) -> socket.socket:
    """A listening socket of that family on a free address."""
    addresses: dict[int, Address] = {
        socket.AF_INET: ("127.0.0.1", 0),
        socket.AF_INET6: ("::1", 0),
        socket.AF_UNIX: str(folder / "socket"),
    }
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.bind(addresses[family])
    sock.listen(1024)
    return sock
