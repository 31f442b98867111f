"""server.user and server.group: root binds, somebody else runs the app."""

from __future__ import annotations

import grp
import os
import pwd
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support.target import Target

APP = "lifecycle:app"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def shared(target: Target, scratch: Path) -> None:
    """Skips where nobody else may read this Python, or Pellucid (a home folder, say)."""
    found = subprocess.run(
        ["env", target.python, "-c", "import pellucid._server, pellucid._observer"],
        env=target.environment(scratch),
        user="nobody",
        group="nogroup",
        extra_groups=[],
        capture_output=True,
        cwd="/",
    )
    if found.returncode:
        pytest.skip(f"user nobody cannot run {target.python} with Pellucid")
    scratch.chmod(0o755)


def uids(pid: int) -> set[int]:
    """Real, effective, saved and filesystem user of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("Uid:"))
    return {int(uid) for uid in line.split()[1:]}


@needs_root
@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("preload", [False, True])
def test_the_app_never_sees_root(server: Any, scratch: Path, preload: bool) -> None:
    nobody = pwd.getpwnam("nobody")
    log = scratch / "access.log"
    running = server(
        APP,
        {
            "server": {"user": "nobody", "preload": preload},
            "http": {"access_log": str(log)},
        },
    )
    uid, gid, rest = running.get("/who").text.split(maxsplit=2)
    assert (int(uid), int(gid)) == (nobody.pw_uid, nobody.pw_gid)
    assert rest == f"[{nobody.pw_gid}] {nobody.pw_dir}"
    for pid in running.workers() + running.templates() + [running.observer()]:
        assert uids(pid) == {nobody.pw_uid}
    assert uids(running.pid) == {0}
    # Root opened the log; a worker may write it all the same.
    assert log.stat().st_uid == 0
    running.reload()
    assert running.get("/who").text.split()[0] == uid
    assert running.stop() == 0
    assert len(log.read_text().splitlines()) == 2


@needs_root
@pytest.mark.usefixtures("shared")
def test_a_group_of_its_own(server: Any) -> None:
    group = grp.getgrnam("games")
    running = server(APP, {"server": {"user": "nobody", "group": "games"}})
    assert running.get("/who").text.split()[1] == str(group.gr_gid)


def test_an_unknown_user_stops_the_start(server: Any) -> None:
    running = server(APP, {"server": {"user": "no-such-user"}}, wait=False)
    assert running.wait() == 1
    assert 'server.user: there is no user "no-such-user" on this machine' in running.log
