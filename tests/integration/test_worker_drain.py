"""The end of a worker: draining, handing over, recycling, and what is still running then."""

from __future__ import annotations

import os
import re
import socket
import time
from signal import SIGTERM

import pytest

from support.wire import Wire, request

APP = "transport:app"
HELLO = request("GET", "/hello")


@pytest.fixture(params=[1, 4], ids=["1 thread", "4 threads"])
def threads(request):
    return {"threads": request.param}


def test_requests_in_flight_are_finished(worker, threads):
    running = worker(APP, {"server": threads})
    running.get("/hello")
    with running.connect() as wire:
        wire.send(request("GET", "/sleep?n=1"))
        running.wait_log("falls asleep")
        running.signal(SIGTERM)
        answer = wire.read()
        assert answer.text == "slept"
        assert answer.header("Connection") == "close"
        assert wire.is_closed()
    assert running.wait() == 0


def test_an_idle_connection_has_one_more_request(worker, threads):
    running = worker(APP, {"server": threads})
    with running.connect() as wire, running.connect() as idle:
        assert wire.send(HELLO).read().text == "hello"
        assert idle.send(HELLO).read().text == "hello"
        running.signal(SIGTERM)
        running.wait_log("draining")
        answer = wire.send(HELLO).read()
        assert (answer.text, answer.header("Connection")) == ("hello", "close")
        assert wire.is_closed()
        assert idle.is_closed()
    assert running.wait() == 0


def test_a_large_answer_is_sent_to_its_end(worker, threads):
    running = worker(APP, {"server": threads})
    running.get("/hello")
    with running.connect() as wire:
        wire.send(request("GET", "/big?n=20000000"))
        running.wait_log("answers")
        running.signal(SIGTERM)
        running.wait_log("draining")
        time.sleep(0.7)
        assert len(wire.read().body) == 20_000_000
    begin = time.monotonic()
    assert running.wait() == 0
    assert time.monotonic() - begin < 3 * running.target.patience


def test_what_is_still_running_is_logged(worker, threads):
    running = worker(APP, {"server": threads | {"graceful_timeout": "500ms"}})
    running.get("/hello")
    with running.connect() as wire:
        wire.send(request("GET", "/sleep?n=3"))
        running.wait_log("falls asleep")
        running.signal(SIGTERM)
        log = running.wait_log("still running")
        age = re.search(r"still running after graceful_timeout: GET /sleep, for ([\d.]+) s", log)
        assert age and 0.4 < float(age[1]) < 2.9
    running.wait()


def test_a_second_sigterm_ends_at_once(worker, threads):
    running = worker(APP, {"server": threads})
    with running.connect() as wire:
        assert wire.send(HELLO).read().text == "hello"
        begin = time.monotonic()
        running.signal(SIGTERM)
        running.wait_log("draining")
        running.signal(SIGTERM)
        assert running.wait() == 0
        assert time.monotonic() - begin < 5 * running.target.patience


def test_ready_and_drained(worker, threads):
    running = worker(APP, {"server": threads}, supervised=True)
    running.control.expect("READY")
    assert running.get("/hello").text == "hello"
    running.control.send("DRAIN", "stop")
    running.control.expect("DRAINED")
    assert running.wait() == 0


def test_the_end_of_the_supervisor_drains(worker, threads):
    running = worker(APP, {"server": threads}, supervised=True)
    running.control.expect("READY")
    with running.connect() as wire:
        wire.send(request("GET", "/sleep?n=0.5"))
        running.wait_log("falls asleep")
        running.control.sock.close()
        assert wire.read().text == "slept"
    assert running.wait() == 0


def test_idle_connections_are_handed_over(worker, threads):
    old = worker(APP, {"server": threads}, supervised=True)
    new = worker(APP, {"server": threads}, supervised=True)
    old.control.expect("READY")
    new.control.expect("READY")
    with old.connect() as idle, old.connect() as busy, old.connect() as fresh:
        assert idle.send(HELLO).read().text == "hello"
        busy.send(request("GET", "/sleep?n=0.7"))
        old.wait_log("falls asleep")
        old.control.send("DRAIN", "recycle: max_requests")
        for _ in range(2):
            _, fd = old.control.expect("HANDOFF")
            new.control.send("HANDOFF", "", fd)
            os.close(fd)
        answer = busy.read()
        assert (answer.text, answer.header("Connection")) == ("slept", None)
        _, fd = old.control.expect("HANDOFF")
        new.control.send("HANDOFF", "", fd)
        os.close(fd)
        old.control.expect("DRAINED")
        assert old.wait() == 0
        for wire in (idle, busy, fresh):
            for _ in range(3):
                assert wire.send(HELLO).read().text == "hello"
        assert idle.send(request("GET", "/address")).read().text.startswith("127.0.0.1 ")


def test_a_unix_connection_is_handed_over(worker):
    old = worker(APP, family=socket.AF_UNIX, supervised=True)
    old.control.expect("READY")
    with old.connect() as wire:
        assert wire.send(HELLO).read().text == "hello"
        old.control.send("DRAIN", "reload")
        _, fd = old.control.expect("HANDOFF")
        new = worker(APP, family=socket.AF_UNIX, supervised=True)
        new.control.expect("READY")
        new.control.send("HANDOFF", "", fd)
        os.close(fd)
        assert wire.send(HELLO).read().text == "hello"


def test_connections_without_a_taker_are_closed(worker):
    running = worker(APP, {"server": {"graceful_timeout": "1s"}}, supervised=True)
    running.control.expect("READY")
    with running.connect() as wire:
        assert wire.send(HELLO).read().text == "hello"
        running.control.send("DRAIN", "reload")
        _, fd = running.control.expect("HANDOFF")
        os.close(fd)
        assert wire.is_closed()
    running.control.expect("DRAINED")


def test_recycling_is_asked_for_once(worker, threads):
    config = {
        "server": threads,
        "recycle": {"max_requests": 20},
        "route": [{"match": "/begun", "recycle": False}],
    }
    running = worker(APP, config, supervised=True)
    running.control.expect("READY")
    with running.connect() as wire:
        for _ in range(30):
            wire.send(request("GET", "/begun")).read()
        for _ in range(30):
            assert wire.send(HELLO).read().text == "hello"
    text, _ = running.control.expect("RECYCLE")
    assert text == "max_requests"
    running.control.send("DRAIN", "stop")
    running.control.expect("DRAINED")


def test_recycling_by_age(worker):
    running = worker(APP, {"recycle": {"max_lifetime": "300ms"}}, supervised=True)
    running.control.expect("READY")
    begin = time.monotonic()
    text, _ = running.control.expect("RECYCLE")
    assert text == "max_lifetime"
    assert time.monotonic() - begin < 3 * running.target.patience


def test_the_access_log_is_reopened(worker, scratch):
    running = worker(APP, supervised=True)
    running.control.expect("READY")
    running.get("/hello")
    running.wait_access("GET /hello")
    with open(scratch / "new.log", "wb") as log:
        running.control.send("REOPEN", "", log.fileno())
    end = time.monotonic() + 5
    while time.monotonic() < end and b"/hello" not in (scratch / "new.log").read_bytes():
        running.get("/hello")
        time.sleep(0.05)
    assert b"/hello" in (scratch / "new.log").read_bytes()


def test_no_new_connections_while_draining(worker):
    running = worker(APP, supervised=True)
    running.control.expect("READY")
    with running.connect() as wire:
        wire.send(request("GET", "/sleep?n=1"))
        running.wait_log("falls asleep")
        running.control.send("DRAIN", "stop")
        running.wait_log("draining")
        with pytest.raises((ConnectionError, TimeoutError)):
            Wire(running.address, 0.3).send(HELLO).read()
        assert wire.read().text == "slept"
