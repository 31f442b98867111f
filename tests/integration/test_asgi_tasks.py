"""The tasks of ASGI apps: context, timeouts, factories, threads, signals; and many at once."""

from __future__ import annotations

import json
import socket
import sys
import time

import pytest

from support.wire import request


@pytest.fixture(scope="module", params=["asyncio", "uvloop"])
def served(request, module_worker):
    if request.param == "uvloop":
        pytest.importorskip("uvloop")
    return module_worker("asgi_plain.tasks:app", {"server": {"loop": request.param}})


def found(served, path: str):
    answer = served.get(path)
    assert answer.status == 200, answer
    return json.loads(answer.body)


def test_context_is_fresh(served):
    with served.connect() as wire:
        wire.send(request("GET", "/context") * 3)
        for _ in range(3):
            assert json.loads(wire.read().body) == ["unset", "leaked", "import"]


def test_task(served):
    is_known, is_own_loop, shown, *rest = found(served, "/task")
    assert is_known and is_own_loop and "task" in shown
    assert rest == ["timeout", [0, 1, 2], True, True]


def test_timeout_in_the_first_step(served):
    assert found(served, "/timeout-at-once") == "timeout"


def test_anyio(served):
    pytest.importorskip("anyio")
    assert found(served, "/anyio-app") == [True, "thread"]


def test_subprocesses(served):
    assert found(served, "/processes") == ["child", 0]


def test_signal_handlers_of_the_app(served):
    assert found(served, "/signals") == ["loop", "python"]


def test_task_factories(served):
    found(served, "/factory?plain")
    try:
        assert found(served, "/context") == ["unset", "leaked", "import"]
        assert found(served, "/made")[:2] == ["Call", "Call"]
        if sys.version_info >= (3, 12):
            found(served, "/factory?eager")
            assert found(served, "/task")[3] == "timeout"
            assert found(served, "/context") == ["unset", "leaked", "import"]
    finally:
        found(served, "/factory?none")


def test_a_child_task_completes_the_response(served):
    with served.connect() as wire:
        for _ in range(3):
            assert wire.send(request("GET", "/child-sends")).read().body == b'"of the parent"'


def test_pipelined_requests_keep_their_order(served):
    with served.connect() as wire:
        wire.send(
            request("GET", "/sleep?0.1")
            + request("GET", "/context")
            + request("GET", "/child-sends")
        )
        assert wire.read().body == b'"slept"'
        assert json.loads(wire.read().body)[0] == "unset"
        assert wire.read().body == b'"of the parent"'


def test_a_thousand_sleeping_requests(served):
    wires = []
    try:
        for _ in range(1000):
            sock = socket.create_connection(served.address)
            sock.settimeout(30)
            wires.append(sock)
        begun = time.monotonic()
        for sock in wires:
            sock.sendall(request("GET", "/sleep?0.5"))
        for sock in wires:
            assert sock.recv(4096).startswith(b"HTTP/1.1 200")
        assert time.monotonic() - begun < 5 * served.target.patience
    finally:
        for sock in wires:
            sock.close()


def test_ticker_is_on_time_under_load(served):
    """asyncio's own timers are not starved by requests; the bound is loose for slow machines."""
    found(served, "/tick?start")
    wires = [served.connect(30) for _ in range(100)]
    try:
        for _ in range(20):
            for wire in wires:
                wire.send(request("GET", "/context"))
            for wire in wires:
                wire.read()
    finally:
        for wire in wires:
            wire.close()
    late = found(served, "/tick")
    assert late and late[len(late) // 2] < 20 * served.target.patience, late[-10:]


def test_the_apps_callbacks_do_not_starve_the_server(served):
    found(served, "/deferred")
    assert found(served, "/context")[0] == "unset"


def test_blocking_app(served):
    with served.connect() as one, served.connect() as two:
        one.send(request("GET", "/block"))
        two.send(request("GET", "/context"))
        assert two.read().status == 200 and one.read().status == 200


def test_nothing_reaches_the_loop(served):
    assert "never retrieved" not in served.log and "never awaited" not in served.log
    assert "Exception in callback" not in served.log and "Exception ignored" not in served.log
