"""What /metrics and /status tell of the server's processes, as the kernel has it."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from signal import SIGKILL

from support.processes import wait_for
from support.samples import parse, total

APP = """
import time

def app(environ, start_response):
    path, _, seconds = environ["PATH_INFO"].rpartition("/")
    end = time.thread_time() + float(seconds or 0)
    while time.thread_time() < end:
        if path == "/system":
            open("/proc/self/maps").read()
    start_response("200 OK", [("Content-Length", "0")])
    return []
"""

CPU, MEMORY = "process_cpu_time_seconds_total", "process_memory_usage_bytes"
ROLES = {"worker", "template", "observer", "supervisor"}


def files_of(pid):
    process = Path("/proc") / str(pid)
    return [len(list((process / name).iterdir())) for name in ("task", "fd")]


def cpu_of(pid):
    """Seconds of user and system time."""
    fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return [int(f) / os.sysconf("SC_CLK_TCK") for f in fields[11:13]]


def test_threads_descriptors_and_memory_of_workers(server):
    running = server(code=APP, config={"server": {"workers": 2}})

    def agree():
        samples = parse(running.metrics())
        for worker in running.status()["workers"]:
            of_it = {"pellucid_worker_id": str(worker["id"]), "pellucid_process_role": "worker"}
            names = ("process_thread", "process_unix_file_descriptor")
            counted = [total(samples, n, **of_it) for n in names]
            if counted != files_of(worker["pid"]):
                return False  # a worker that has just started may still start a thread
            assert counted == [worker["threads"], worker["file_descriptors"]]
            assert 5 << 20 < total(samples, MEMORY, **of_it) < 1 << 30
            assert 5 << 20 < worker["memory_bytes"] < 1 << 30
        return True

    wait_for("the kernel's numbers", agree, 10 * running.target.patience)
    text = running.metrics()
    assert not any(f'"{pid}"' in text for pid in running.workers())
    before = running.workers()
    running.kill_worker()
    assert running.workers() != before
    ids = [
        dict(pairs)["pellucid_worker_id"]
        for name, pairs in parse(running.metrics())
        if name == "process_thread" and "pellucid_worker_id" in dict(pairs)
    ]
    assert len(ids) == 2


def test_cpu_of_a_worker(server):
    running = server(code=APP)
    (pid,) = running.workers()
    running.get("/user/0.3")
    running.get("/system/0.3")
    before = cpu_of(pid)
    samples = parse(running.metrics())
    after = cpu_of(pid)
    for mode, least, most in zip(("user", "system"), before, after, strict=True):
        of_it = {"pellucid_process_role": "worker", "cpu_mode": mode}
        assert least <= total(samples, CPU, **of_it) <= most
    assert sum(before) > 0.57 and before[1] > 0.05  # in ticks of 0.01, which are cut
    (worker,) = running.status()["workers"]
    assert worker["cpu_seconds"]["user"] >= before[0]


def test_every_process_is_told_of_by_its_role(server):
    running = server(code=APP)
    samples = parse(running.metrics())
    for role in ROLES:
        least = 0 if role == "worker" else 0.01  # which may not have had a tick yet
        assert total(samples, CPU, pellucid_process_role=role) >= least, role
        assert total(samples, MEMORY, pellucid_process_role=role) > 1 << 20, role
    for role, pid in (("observer", running.observer()), ("supervisor", running.process.pid)):
        least = sum(cpu_of(pid))
        samples = parse(running.metrics())
        seen = total(samples, CPU, pellucid_process_role=role)
        assert least <= seen + 1e-6 and seen <= sum(cpu_of(pid)) + 1e-6, role
    shown = {p["role"]: p for p in running.status()["processes"]}
    assert shown.keys() == ROLES - {"worker"}
    assert all(p["processes"] == 1 and p["memory_bytes"] > 1 << 20 for p in shown.values())
    assert shown["observer"]["cpu_seconds"]["user"] > 0


def test_cpu_never_goes_back(server):
    """Workers killed and recycled, observers killed, reloads: each series only grows."""
    running = server(code=APP, config={"server": {"workers": 2}, "recycle": {"max_requests": 20}})
    patience = 10 * running.target.patience
    last = {}

    def look():
        samples = parse(running.metrics())
        now = {pairs: v for (name, pairs), v in samples.items() if name == CPU}
        assert all(now[pairs] >= v for pairs, v in last.items()), (last, now)
        last.update(now)

    def is_replaced(pids):
        look()
        return len(running.workers()) >= 2 and not set(pids) & set(running.workers())

    for _ in range(2):
        running.get("/user/0.2")
        look()
        (pid, *_) = running.workers()
        os.kill(pid, SIGKILL)
        wait_for("another worker", partial(is_replaced, [pid]), patience)
        old = running.workers()
        running.reload()
        wait_for("another generation", partial(is_replaced, old), patience)
        for _ in range(30):
            running.get("/user/0.01")
            look()
        running.kill_observer()
        look()
    burned = sum(v for pairs, v in last.items() if ("pellucid_process_role", "worker") in pairs)
    assert burned >= 0.9


HOARD = """
kept = []

def app(environ, start_response):
    if environ["PATH_INFO"] == "/keep":
        kept.append(bytearray(b"x" * (64 << 20)))
    start_response("200 OK", [("Content-Length", "0")])
    return []
"""


def test_memory_that_a_worker_has_to_itself(server):
    running = server(code=HOARD, config={"server": {"workers": 2}})

    def uss():
        """Of each worker, once both are known; who asks gets what was found after he asked before."""
        found = [w.get("memory_uss_bytes") for w in running.status()["workers"]]
        return None not in found and found

    wait_for("what was read at the first look", uss, 10 * running.target.patience)
    samples = parse(running.metrics())
    for worker in running.status()["workers"]:
        of_it = {"pellucid_worker_id": str(worker["id"])}
        assert (
            total(samples, "pellucid_worker_memory_uss_bytes", **of_it)
            == worker["memory_uss_bytes"]
        )
        assert 1 << 20 < worker["memory_uss_bytes"] < worker["memory_pss_bytes"]
        assert worker["memory_pss_bytes"] < 1 << 30
    running.get("/keep")
    wait_for(
        "one that has grown by 64 MiB",
        lambda: max(uss() or [0]) - min(uss() or [0]) > 50 << 20,
        60 * running.target.patience,
    )
