"""SIGHUP and its kin: new configuration and code take over, or leave everything as it was."""

from __future__ import annotations

import os
import time
from pathlib import Path
from signal import SIGHUP, SIGTTIN, SIGTTOU, SIGUSR1
from typing import Any

import pytest

from support import processes
from support.load import Load

APP = "lifecycle:app"
CODE = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "3")])
    return [b"{answer}"]
"""


def rewrite(folder: Path, answer: str) -> None:
    """New code for the app of `code=`; its old bytecode is forgotten."""
    (folder / "testapp.py").write_text(CODE.format(answer=answer))
    os.utime(folder / "testapp.py", (time.time() + 10, time.time() + 10))


@pytest.mark.parametrize("preload", [False, True])
def test_new_code_takes_over_without_an_error(server: Any, scratch: Path, preload: bool) -> None:
    running = server(
        code=CODE.format(answer="old"), config={"server": {"workers": 2, "preload": preload}}
    )
    before = running.workers()
    with Load(running.address) as load:
        load.wait_for_more(50)
        rewrite(scratch, "new")
        running.reload()
        load.wait_for_more(50)
        processes.wait_for(
            "the end of the old workers",
            lambda: not set(before) & set(running.workers()),
            15 * running.target.patience,
        )
        load.wait_for_more(50)
    assert load.errors == []
    assert set(load.answers) == {"old", "new"}
    assert running.get("/").text == "new"
    assert len(running.templates()) == 1
    assert len(running.workers()) == 2


def test_new_configuration_takes_over(server: Any) -> None:
    running = server(APP, {"server": {"workers": 1, "env": {"COLOUR": "red"}}})
    assert running.get("/env/COLOUR").text == "red"
    running.configure({"server": {"app": APP, "workers": 3, "env": {"COLOUR": "blue"}}})
    running.reload()
    processes.wait_for("three workers", lambda: len(running.workers()) == 3, 15)
    assert running.get("/env/COLOUR").text == "blue"


@pytest.mark.parametrize("preload", [False, True])
def test_broken_code_never_takes_over(server: Any, scratch: Path, preload: bool) -> None:
    flag = scratch / "broken"
    running = server(
        APP, {"server": {"workers": 2, "preload": preload, "env": {"BROKEN": str(flag)}}}
    )
    before = running.workers()
    flag.touch()
    with Load(running.address) as load:
        running.reload()
        load.wait_for_more(50)
    assert load.errors == []
    assert "Traceback" in running.log
    assert "RuntimeError: broken on purpose" in running.log
    assert "reload failed" in running.log
    processes.wait_for(
        "the end of the new ones", lambda: sorted(running.workers()) == sorted(before), 15
    )
    processes.wait_for("the end of their template", lambda: len(running.templates()) == 1, 15)
    flag.unlink()
    running.reload()
    assert not set(running.get("/").text.split()) & {str(pid) for pid in before}
    assert running.stop() == 0


def test_a_wrong_file_changes_nothing(server: Any) -> None:
    running = server(APP)
    [before] = running.workers()
    running.config.write_text("[server]\nworkres = 3\n")
    running.reload()
    assert "reload failed" in running.log
    assert "workres" in running.log
    assert running.workers() == [before]


def test_a_generation_that_hangs_never_takes_over(server: Any) -> None:
    running = server(APP)
    [before] = running.workers()
    running.configure(
        {"server": {"app": APP, "startup_timeout": "3s", "env": {"IMPORT_SECONDS": "60"}}}
    )
    running.reload()
    assert "startup_timeout" in running.log
    processes.wait_for("the end of the new one", lambda: running.workers() == [before], 15)
    assert int(running.get("/").text) == before


def test_what_needs_a_restart_is_said(server: Any) -> None:
    running = server(APP)
    running.configure({"server": {"app": APP, "backlog": 7}})
    running.reload()
    assert "server.backlog has changed, but takes effect only with a restart" in running.log


def test_many_reloads_in_a_row(server: Any) -> None:
    running = server(APP, {"server": {"workers": 2}})
    with Load(running.address) as load:
        for _ in range(5):
            running.signal(SIGHUP)
            load.wait_for_more(20)
        running.reload()
        processes.wait_for(
            "two workers of one generation",
            lambda: len(running.templates()) == 1 and len(running.workers()) == 2,
            30 * running.target.patience,
        )
    assert load.errors == []
    assert running.stop() == 0


def test_workers_come_and_go(server: Any) -> None:
    running = server(APP)

    def expect(count: int) -> None:
        processes.wait_for(
            f"{count} workers",
            lambda: len(running.workers()) == count,
            15 * running.target.patience,
        )

    with Load(running.address) as load:
        running.signal(SIGTTIN)
        expect(2)
        running.signal(SIGTTIN)
        expect(3)
        load.wait_for_more(50)
        running.signal(SIGTTOU)
        expect(2)
        running.signal(SIGTTOU)
        expect(1)
        running.signal(SIGTTOU)
        running.wait_log("1 worker is the least")
        load.wait_for_more(50)
    assert load.errors == []


def test_the_access_log_is_reopened(server: Any, scratch: Path) -> None:
    log, old = scratch / "access.log", scratch / "access.log.1"
    running = server(APP, {"server": {"workers": 2}, "http": {"access_log": str(log)}})
    with Load(running.address) as load:
        load.wait_for_more(100)
        log.rename(old)
        running.signal(SIGUSR1)
        running.wait_log(f"reopened {log}")
        load.wait_for_more(200)

    def lines() -> list[str]:
        return old.read_text().splitlines() + log.read_text().splitlines()

    def count() -> int:
        return len([line for line in lines() if '"GET / HTTP/1.1" 200' in line])

    # An answer arrives before its line is written.
    processes.wait_for("all lines", lambda: count() == load.count, 10 * running.target.patience)
    running.kill_worker()
    assert running.get("/env/LAST").status == 200
    assert running.stop() == 0
    assert count() == load.count
    assert '"GET /env/LAST HTTP/1.1" 200' in lines()[-1]
    assert old.read_text() and log.read_text()


def test_in_development_changed_code_is_taken(server: Any, scratch: Path) -> None:
    running = server(code=CODE.format(answer="old"), config={"server": {"reload": True}})
    processes.wait_for(
        "the watcher",
        lambda: any("pellucid.watcher" in p.command for p in running.processes()),
        10 * running.target.patience,
    )
    time.sleep(1.5 * running.target.patience)  # its first look
    rewrite(scratch, "new")
    running.wait_log("testapp.py has changed", timeout=15)
    processes.wait_for("new code", lambda: running.get("/").text == "new", 15)
    # What cannot be imported is watched as well.
    (scratch / "testapp.py").write_text("raise RuntimeError('half done')")
    running.wait_log("reload failed: RuntimeError: half done", timeout=15)
    assert running.get("/").text == "new"
    rewrite(scratch, "end")
    processes.wait_for("mended code", lambda: running.get("/").text == "end", 15)
    assert running.stop() == 0
