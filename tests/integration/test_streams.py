"""Started without standard streams, as some init systems and cron jobs do."""

from __future__ import annotations

import socket
import subprocess
from contextlib import suppress

from support.processes import wait_for


def answers(running) -> bool:
    with suppress(OSError):
        socket.create_connection(running.address).close()
        return True
    return False


def test_closed_standard_streams_are_no_sockets(target, server):
    running = server("conformance.wsgi_app:app")
    assert running.stop() == 0
    started = subprocess.Popen(
        ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"] + target.command("-c", str(running.config)),
        env=target.environment(running.folder),
    )
    try:
        wait_for("a listener", lambda: answers(running), 20 * target.patience)
        assert running.get("/unread").body == b"ok"
        assert running.get("/raises").status == 500
    finally:
        started.terminate()
        assert started.wait(20 * target.patience) == 0
