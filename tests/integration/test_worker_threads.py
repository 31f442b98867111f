"""Application threads of a worker: the baton, slow clients, signals."""

from __future__ import annotations

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from signal import SIGUSR2

from support.processes import wait_for
from support.wire import request

APP = "transport:app"
HELLO = request("GET", "/hello")


def test_threads_have_names(worker):
    running = worker(APP, {"server": {"threads": 3}})
    text = running.get("/threads").text
    assert "['MainThread', 'pellucid-1', 'pellucid-2']" in text


def test_blocking_requests_run_at_once(worker):
    running = worker(APP, {"server": {"threads": 8}})
    running.get("/hello")
    begin = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: running.get("/sleep?n=0.5"), range(8)))
    assert time.monotonic() - begin < 1.5 * running.target.patience


def test_a_blocked_thread_does_not_hold_up_others(worker):
    running = worker(APP, {"server": {"threads": 2}})
    with running.connect() as blocked, running.connect() as wire:
        blocked.send(request("GET", "/sleep?n=2"))
        running.wait_log("falls asleep")
        begin = time.monotonic()
        for _ in range(50):
            assert wire.send(HELLO).read().text == "hello"
        assert time.monotonic() - begin < 1 * running.target.patience
        assert blocked.read().text == "slept"


def test_a_computing_thread_does_not_hold_up_others(worker):
    running = worker(APP, {"server": {"threads": 2}})
    with running.connect() as busy, running.connect() as wire:
        busy.send(request("GET", "/spin?n=1"))
        running.wait_log("spins")
        begin = time.monotonic()
        assert wire.send(HELLO).read().text == "hello"
        assert time.monotonic() - begin < 0.5 * running.target.patience
        assert busy.read().text == "spun"


def test_the_loop_turns_while_every_thread_is_busy(worker):
    """Another client is refused, and a large answer is sent on, while the app blocks."""
    running = worker(
        APP, {"server": {"threads": 1}, "http": {"header_timeout": "300ms", "max_headers": 5}}
    )
    with running.connect() as big, running.connect() as blocked:
        big.send(request("GET", "/big?n=30000000"))
        running.wait_log("answers")
        blocked.send(request("GET", "/sleep?n=3"))
        running.wait_log("falls asleep")
        begin = time.monotonic()
        with running.connect() as wire:
            wire.send(b"GET /hello HT")
            assert wire.read().status == 408
        assert len(big.read().body) == 30_000_000
        assert time.monotonic() - begin < 2.5 * running.target.patience
        assert blocked.read().text == "slept"
        with running.connect() as after:
            assert after.send(HELLO).read().text == "hello"


def test_requests_wait_for_a_thread(worker):
    running = worker(APP, {"server": {"threads": 2}})
    with ThreadPoolExecutor(20) as pool:
        texts = list(pool.map(lambda _: running.get("/sleep?n=0.05").text, range(40)))
    assert texts == ["slept"] * 40


def test_slow_uploads_leave_threads_free(worker):
    running = worker(APP, {"server": {"threads": 4}})
    with ExitStack() as stack:
        uploads = [stack.enter_context(running.connect()) for _ in range(30)]
        for upload in uploads:
            upload.send(request("POST", "/length?n=1000", {"Content-Length": "100000"}, b"u" * 10))
        time.sleep(0.3)
        begin = time.monotonic()
        with running.connect() as wire:
            for _ in range(20):
                assert wire.send(HELLO).read().text == "hello"
        assert time.monotonic() - begin < 1 * running.target.patience
        assert int(running.get("/begun").text) < 30
        for upload in uploads:
            upload.send(b"u" * 99_990)
        for upload in uploads:
            assert upload.read("POST").text == "100000"


def test_a_held_request_that_is_refused_is_held_no_longer(worker):
    """Its body turns out to be none while others have all the places for requests without theirs."""
    running = worker(APP, {"server": {"threads": 2}})
    chunked = request("POST", "/length?n=1000", {"Transfer-Encoding": "chunked"})
    asked = itertools.count(1)
    with running.connect() as upload, running.connect() as garbage, running.connect() as wire:

        def has_begun():
            return int(wire.send(request("GET", "/begun")).read().text) > next(asked)

        upload.send(request("POST", "/length?n=1000", {"Content-Length": "20"}, b"u"))
        wait_for("the upload", has_begun, 10 * running.target.patience)
        garbage.send(chunked + b"1\r\nx\r\n")
        for _ in range(5):
            assert wire.send(HELLO).read().text == "hello"
        garbage.send(b"nonsense\r\n")
        assert garbage.read("POST").status == 400
        upload.send(b"u" * 19)
        assert upload.read("POST").text == "20"
        assert wire.send(HELLO).read().text == "hello"


def test_one_thread_waits_for_bodies_in_the_loop(worker):
    running = worker(APP, {"server": {"threads": 1}})
    with running.connect() as upload, running.connect() as wire:
        upload.send(request("POST", "/length?n=1000", {"Content-Length": "20"}, b"u" * 10))
        time.sleep(0.2)
        assert wire.send(HELLO).read().text == "hello"
        upload.send(b"u" * 10)
        assert upload.read("POST").text == "20"


def test_large_uploads(worker):
    running = worker(APP, {"server": {"threads": 2}})
    body = bytes(range(256)) * 20_000
    chunked = (
        b"".join(
            b"%x\r\n%b\r\n" % (len(body[i : i + 77_777]), body[i : i + 77_777])
            for i in range(0, len(body), 77_777)
        )
        + b"0\r\n\r\n"
    )
    with running.connect(30) as wire:
        for n in (1, 100, 9_000, 1_000_000):
            wire.send(request("POST", f"/length?n={n}", body=body[:300_000] if n == 1 else body))
            assert int(wire.read("POST").text) == (300_000 if n == 1 else len(body))
            wire.send(
                request(
                    "POST", f"/length?n={max(n, 100)}", {"Transfer-Encoding": "chunked"}, chunked
                )
            )
            assert int(wire.read("POST").text) == len(body)
        assert wire.send(request("POST", "/echo", body=body)).read("POST").body == body
        assert wire.send(HELLO).read().text == "hello"


def test_signal_handlers_of_the_app_run(worker):
    running = worker(APP, {"server": {"threads": 4}})
    running.get("/hello")
    for times in (1, 2):
        running.signal(SIGUSR2)
        time.sleep(0.05)
        wait_for(
            "the handler",
            lambda n=times: running.get("/heard").text.split() == ["MainThread"] * n,
            5,
        )
    with running.connect() as wire:
        wire.send(request("GET", "/sleep?n=0.5"))
        running.wait_log("falls asleep")
        running.signal(SIGUSR2)
        assert wire.read().text == "slept"
    wait_for("the handler", lambda: len(running.get("/heard").text.split()) == 3, 5)


def test_an_idle_worker_does_not_wake_up(worker):
    running = worker(APP, {"server": {"threads": 8}})
    if running.target.sanitize:
        return

    def wakeups() -> int:
        total = 0
        for task in Path(f"/proc/{running.pid}/task").iterdir():
            status = (task / "status").read_text()
            total += int(status.split("voluntary_ctxt_switches:")[1].split()[0])
        return total

    with ExitStack() as stack:
        wires = [stack.enter_context(running.connect()) for _ in range(20)]
        for wire in wires:
            assert wire.send(HELLO).read().text == "hello"
        time.sleep(0.5)
        before = wakeups()
        time.sleep(4)
        assert wakeups() - before <= 6
