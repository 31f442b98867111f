"""Start: READY means ready, and what cannot start says why and leaves nothing behind."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from signal import SIGHUP, SIGTERM
from typing import Any

import pytest

APP = "lifecycle:app"


def test_ready_comes_after_the_workers(server: Any) -> None:
    running = server(APP, {"server": {"workers": 2, "env": {"IMPORT_SECONDS": "2"}}}, wait=False)
    running.wait_ready()
    start = time.monotonic()
    assert int(running.get("/").text) in running.workers()
    assert time.monotonic() - start < 1.5 * running.target.patience
    assert len(running.workers()) == 2
    assert running.stop() == 0


def test_every_worker_imports_the_app_itself(server: Any) -> None:
    running = server(APP, {"server": {"workers": 2, "env": {"TELL": "1"}}})
    assert {f"imported in {pid}" in running.log for pid in running.workers()} == {True}
    assert int(running.get("/imported").text) in running.workers()


def test_preload_imports_it_once_in_the_template(server: Any) -> None:
    running = server(APP, {"server": {"workers": 3, "preload": True, "env": {"TELL": "1"}}})
    [template] = running.templates()
    assert running.log.count("imported in") == 1
    assert int(running.get("/imported").text) == template
    running.stop()
    assert f"atexit in {template}" not in running.log
    assert running.log.count("atexit in") == 3


@pytest.mark.parametrize("preload", [False, True])
@pytest.mark.parametrize("workers", [1, 3])
def test_an_app_that_fails_ends_the_start(
    server: Any, scratch: Path, preload: bool, workers: int
) -> None:
    flag = scratch / "broken"
    flag.touch()
    running = server(
        APP,
        {"server": {"workers": workers, "preload": preload, "env": {"BROKEN": str(flag)}}},
        wait=False,
    )
    assert running.wait() == 1
    assert running.log.count("Traceback") == 1
    assert "RuntimeError: broken on purpose" in running.log
    assert "the server could not start" in running.log
    # The traceback begins with the app, not with us.
    assert "pellucid/template.py" not in running.log
    assert running.processes() == []


def test_a_lifespan_that_fails_ends_the_start(server: Any) -> None:
    running = server(
        "lifecycle_asgi:app",
        {"server": {"workers": 2, "lifespan": "on", "env": {"LIFESPAN": "fail"}}},
        wait=False,
    )
    assert running.wait() == 1
    assert "RuntimeError: no database" in running.log
    assert "the server could not start" in running.log


def test_ready_comes_after_the_lifespan(server: Any) -> None:
    running = server(
        "lifecycle_asgi:app",
        {"server": {"workers": 2, "env": {"TELL": "1", "LIFESPAN_SECONDS": "0.5"}}},
    )
    assert running.log.count("lifespan.startup in") == 2


def test_a_failed_worker_that_hangs_at_its_exit_is_not_waited_for(server: Any) -> None:
    code = """
import threading, time
threading.Thread(target=time.sleep, args=(600,)).start()
raise RuntimeError("broken on purpose")
"""
    running = server(code=code, wait=False)
    start = time.monotonic()
    assert running.wait(30) == 1
    assert time.monotonic() - start < 20 * running.target.patience
    assert "did not exit within 10 s of its failure" in running.log


def test_an_app_that_is_not_there_needs_no_traceback(server: Any) -> None:
    running = server("nosuchmodule:app", wait=False)
    assert running.wait() == 1
    assert "there is no module nosuchmodule" in running.log
    assert "Traceback" not in running.log


def test_an_app_that_exits_when_imported(server: Any) -> None:
    running = server(code="import sys; sys.exit(5)", wait=False)
    assert running.wait() == 1
    assert "SystemExit: 5" in running.log


def test_an_app_that_kills_its_worker_when_imported(server: Any) -> None:
    running = server(code="import os; os.kill(os.getpid(), 9)", wait=False)
    assert running.wait() == 1
    assert "died before it was ready (SIGKILL)" in running.log


@pytest.mark.parametrize("preload", [False, True])
def test_a_start_takes_its_time_at_most(server: Any, preload: bool) -> None:
    running = server(
        APP,
        {
            "server": {
                "startup_timeout": "3s",
                "preload": preload,
                "env": {"IMPORT_SECONDS": "60"},
            }
        },
        wait=False,
    )
    assert running.wait() == 1
    assert "server.startup_timeout" in running.log
    assert "the server could not start" in running.log


def test_a_taken_port_is_one_line(server: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        running = server(APP, {"server": {"bind": [f"127.0.0.1:{port}"]}}, wait=False)
        assert running.wait() == 1
    assert f"server.bind: cannot listen on 127.0.0.1:{port}: Address already in use" in running.log
    assert "Traceback" not in running.log


def test_sigterm_while_starting_is_an_ordered_stop(server: Any) -> None:
    running = server(APP, {"server": {"env": {"IMPORT_SECONDS": "60"}}}, wait=False)
    running.wait_log("listening on")
    running.signal(SIGTERM)
    assert running.wait() == 0


def test_sighup_while_starting_reloads_afterwards(server: Any) -> None:
    running = server(APP, {"server": {"env": {"IMPORT_SECONDS": "2"}}}, wait=False)
    running.wait_log("listening on")
    running.signal(SIGHUP)
    running.wait_log("generation 2 serves")
    assert running.get("/").status == 200
