"""SIGUSR2: a new supervisor in place of the old one, with the same pid, sockets and counters."""

from __future__ import annotations

from pathlib import Path
from signal import SIGKILL, SIGUSR2
from typing import Any

from support import processes
from support.load import Load

APP = "lifecycle:app"


def upgrade(running: Any) -> None:
    """SIGUSR2, and waits until the new version's generation serves (or never will)."""
    running.signal(SIGUSR2)
    assert running.notify.wait("RELOADING", "1", 30 * running.target.patience), running.log
    assert running.notify.wait("READY", "1", 30 * running.target.patience), running.log


def test_it_goes_unnoticed(server: Any) -> None:
    running = server(APP, {"server": {"workers": 2}})
    before, observer = running.workers(), running.observer()
    with Load(running.address) as load:
        load.wait_for_more(100)
        upgrade(running)
        processes.wait_for(
            "the end of the old workers",
            lambda: not set(before) & set(running.workers()),
            15 * running.target.patience,
        )
        load.wait_for_more(100)
    assert load.errors == []
    assert running.is_running()
    assert "generation 2 serves" in running.log
    assert len(running.templates()) == 1
    assert len(running.workers()) == 2
    processes.wait_for("a new observer", lambda: running.observer() not in (None, observer), 15)
    assert running.stop() == 0
    assert running.processes() == []


def test_it_can_be_done_again_and_reloaded(server: Any) -> None:
    running = server(APP)
    upgrade(running)
    running.reload()
    upgrade(running)
    assert "generation 4 serves" in running.log
    assert running.get("/").status == 200
    assert running.stop() == 0


def test_a_version_that_does_not_start_changes_nothing(server: Any) -> None:
    running = server(APP)
    [before] = running.workers()
    good = running.config.read_text()
    running.config.write_text("[server]\nnonsense = 1\n")
    running.signal(SIGUSR2)
    running.wait_log(
        "upgrade failed: the new version does not start (exit 1); generation 1 goes on"
    )
    assert running.workers() == [before]
    running.config.write_text(good)
    upgrade(running)
    assert running.get("/").text != str(before)


def test_an_app_that_does_not_start_leaves_the_old_workers(server: Any, scratch: Path) -> None:
    flag = scratch / "broken"
    running = server(APP, {"server": {"workers": 2, "env": {"BROKEN": str(flag)}}})
    before = sorted(running.workers())
    flag.touch()
    with Load(running.address) as load:
        upgrade(running)
        load.wait_for_more(50)
    assert load.errors == []
    assert "RuntimeError: broken on purpose" in running.log
    processes.wait_for("the end of the new ones", lambda: sorted(running.workers()) == before, 15)
    # What was inherited is looked after like one's own.
    flag.unlink()
    running.kill_worker(SIGKILL)
    assert running.get("/").status == 200
    running.reload()
    assert "generation 3 serves" in running.log
    assert running.stop() == 0
