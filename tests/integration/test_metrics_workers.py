"""/metrics and /status about the life of workers: why they ended, and what became of reloads."""

from __future__ import annotations

from pathlib import Path
from signal import SIGKILL, SIGTERM, SIGTTIN, SIGTTOU
from typing import Any

from support.load import Load
from support.processes import wait_for
from support.samples import parse, total

APP = "lifecycle:app"
ENDS = "pellucid_worker_ends_total"


def wait_ends(running: Any, count: int, reason: str, **labels: str) -> None:
    """Waits until that many workers, or more, have ended for that reason."""

    def agree() -> bool:
        samples = parse(running.metrics())
        found = [
            value
            for (name, pairs), value in samples.items()
            if name == ENDS and ({("reason", reason)} | set(labels.items())) <= set(pairs)
        ]
        return sum(found) >= count

    wait_for(f"{count} ends by {reason}", agree, 20 * running.target.patience)


def ends(running: Any) -> float:
    """Ends of workers, for whatever reason."""
    return total(parse(running.metrics()), ENDS)


def test_signals_that_kill_are_told_apart(server: Any) -> None:
    running = server(APP)
    running.kill_worker(SIGKILL)
    wait_ends(running, 1, "signal", signal="SIGKILL")
    running.kill_worker(SIGKILL)
    wait_ends(running, 2, "signal", signal="SIGKILL")
    running.kill_worker(SIGTERM)  # it takes the word for its leave
    wait_ends(running, 1, "exit")
    assert ends(running) == 3
    assert running.status()["supervisor"]["worker_ends"] == {"exit": 1, "signal": 2}


def test_recycled_workers(server: Any) -> None:
    running = server(APP, {"recycle": {"max_requests": 20}})
    with Load(running.address, threads=2) as load:
        running.wait_log("is recycled (max_requests)", count=2)
        wait_ends(running, 1, "max_requests")
        load.wait_for_more(1)
    assert load.errors == []
    status = running.status()["supervisor"]
    assert set(status["worker_ends"]) == {"max_requests"}
    assert status["worker_crashes"] == 0


def test_workers_that_live_their_time(server: Any) -> None:
    running = server(APP, {"recycle": {"max_lifetime": "300ms"}})
    running.wait_log("is recycled (max_lifetime)")
    wait_for(
        "its end",
        lambda: running.status()["supervisor"]["worker_ends"].get("max_lifetime"),
        20 * running.target.patience,
    )


def test_reloads_and_fewer_workers(server: Any, scratch: Path) -> None:
    flag = scratch / "broken"
    running = server(APP, {"server": {"env": {"BROKEN": str(flag)}}})
    running.reload()
    wait_ends(running, 1, "reload")
    flag.touch()
    running.reload()
    wait_for(
        "the failed reload",
        lambda: total(parse(running.metrics()), "pellucid_reloads_failed_total") == 1,
        20 * running.target.patience,
    )
    wait_ends(running, 1, "start_failed")
    flag.unlink()
    running.signal(SIGTTIN)
    wait_for("two workers", lambda: len(running.workers()) == 2, 20 * running.target.patience)
    running.signal(SIGTTOU)
    wait_ends(running, 1, "fewer_workers")
    samples = parse(running.metrics())
    assert total(samples, "pellucid_reloads_total") == 1
    assert total(samples, "pellucid_generation") == 2
    assert total(samples, "pellucid_workers_wanted") == 1
    assert total(samples, ENDS) == 3


def test_workers_that_are_killed_by_us(server: Any) -> None:
    running = server(APP, {"server": {"graceful_timeout": "200ms", "threads": 2}})
    with running.connect() as wire:
        wire.send(b"GET /sleep/60 HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_for(
            "the request",
            lambda: running.status()["requests_in_flight"],
            10 * running.target.patience,
        )
        running.reload()
        wait_ends(running, 1, "graceful_timeout")


def test_counts_outlive_the_observer(server: Any) -> None:
    running = server(APP)
    running.kill_worker()
    wait_ends(running, 1, "signal")
    first = running.observer()
    running.signal(SIGKILL, first)
    wait_for("another observer", lambda: running.observer() not in (None, first), 10)
    wait_ends(running, 1, "signal", signal="SIGKILL")
