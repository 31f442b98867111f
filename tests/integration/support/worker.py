"""One worker by itself: gateways and transport without supervisor, template and observer."""

from __future__ import annotations

import json
import socket
from pathlib import Path

from support.running import Running
from support.server import Config, merged
from support.target import APPS, Target


class Worker(Running):
    """A process that runs pellucid._server.run_worker on a socket of ours.

    Connections wait in the socket's queue until the app is imported, so there is no waiting for a
    start: a request is simply answered later.
    """

    def __init__(
        self,
        target: Target,
        folder: Path,
        app: str,
        config: Config,
        env: dict[str, str] | None = None,
    ) -> None:
        folder.mkdir(exist_ok=True)
        doc = merged({"server": {"chdir": str(APPS), "app": app}}, config)
        with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
            fd = listener.fileno()
            super().__init__(
                target,
                folder,
                [
                    target.python,
                    str(Path(__file__).with_name("run_worker.py")),
                    json.dumps(doc),
                    app,
                    str(fd),
                ],
                target.environment(folder, env),
                listener.getsockname(),
                pass_fds=(fd,),
            )
