"""The ASGI lifespan: start-up, state, shutdown, and apps that have none."""

from __future__ import annotations

import json

import pytest

RESPOND = """
import asyncio, json, sys

async def respond(scope, receive, send):
    state = scope.get("state")
    shown = None if state is None else {k: v for k, v in state.items() if k != "shared"}
    if state:
        state["own"] = "of one request"
        state.get("shared", []).append(1)
        shown["shared"] = len(state.get("shared", []))
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": json.dumps(shown).encode()})
"""

COMPLETE = (
    RESPOND
    + """
async def app(scope, receive, send):
    if scope["type"] == "http":
        return await respond(scope, receive, send)
    assert scope["asgi"] == {"version": "3.0", "spec_version": "2.0"}, scope
    assert (await receive())["type"] == "lifespan.startup"
    await asyncio.sleep(0.05)
    scope["state"]["db"] = "open"
    scope["state"]["shared"] = []
    await send({"type": "lifespan.startup.complete"})
    assert (await receive())["type"] == "lifespan.shutdown"
    await asyncio.sleep(0.05)
    print("shut down in good order", file=sys.stderr, flush=True)
    await send({"type": "lifespan.shutdown.complete"})
"""
)


def in_lifespan(*lines: str) -> str:
    """An app whose lifespan runs these lines."""
    body = "\n".join("    " + line for line in lines)
    return (
        RESPOND
        + f"""
async def app(scope, receive, send):
    if scope["type"] == "http":
        return await respond(scope, receive, send)
{body}
"""
    )


STARTUP = "assert (await receive())['type'] == 'lifespan.startup'"
STARTED = "await send({'type': 'lifespan.startup.complete'})"


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_state_and_shutdown(worker, loop):
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    running = worker(code=COMPLETE, config={"server": {"loop": loop, "lifespan": "on"}})
    for n in (1, 2):
        assert json.loads(running.get().body) == {"db": "open", "shared": n}
    assert running.stop() == 0
    assert "shut down in good order" in running.log


@pytest.mark.parametrize(
    "line",
    [
        "raise ValueError('http only')",
        "return",
        "await send({'type': 'http.response.start', 'status': 200})",
        f"{STARTUP}; raise ValueError('later')",
        "await (await receive())['nothing']",
    ],
)
def test_auto_goes_on_without(worker, line):
    running = worker(code=in_lifespan(line), config={"server": {"lifespan": "auto"}})
    assert running.get().status == 200
    assert running.stop() == 0
    assert "never retrieved" not in running.log


def test_failure_behind_the_start_is_shown(worker):
    running = worker(code=in_lifespan(STARTUP, "raise ValueError('no database')"))
    assert running.get().status == 200
    assert "no database" in running.log


@pytest.mark.parametrize(
    "mode,lines,why",
    [
        ("on", ["raise ValueError('no lifespan here')"], "no lifespan here"),
        ("on", ["return"], "without lifespan.startup.complete"),
        (
            "auto",
            [STARTUP, "await send({'type': 'lifespan.startup.failed', 'message': 'no database'})"],
            "no database",
        ),
        (
            "on",
            [
                STARTUP,
                "await send({'type': 'lifespan.startup.failed', 'message': 'Trace\\n  back\\nDown: it is\\n'})",
                "raise ValueError('as Starlette does')",
            ],
            "Down: it is",
        ),
        ("auto", [STARTUP, "await send({'type': 'lifespan.startup.failed'})"], "no reason given"),
        ("auto", ["await asyncio.sleep(3600)"], "startup_timeout"),
    ],
)
def test_failed_start_ends_the_worker(worker, mode, lines, why):
    running = worker(
        code=in_lifespan(*lines), config={"server": {"lifespan": mode, "startup_timeout": "500ms"}}
    )
    assert running.wait() != 0
    assert why in running.log


def test_off_asks_nothing(worker):
    running = worker(
        code=in_lifespan("sys.exit('was asked')"), config={"server": {"lifespan": "off"}}
    )
    assert json.loads(running.get().body) == {}
    assert running.stop() == 0
    assert "was asked" not in running.log


@pytest.mark.parametrize(
    "lines,logged",
    [
        (["await send({'type': 'lifespan.shutdown.failed', 'message': 'left open'})"], "left open"),
        (["raise ValueError('broke down')"], "broke down"),
        (["await asyncio.sleep(3600)"], "shutdown was not complete"),
        ([STARTED, "await send({'type': 'bogus'})"], "out of order"),
    ],
)
def test_shutdown_that_fails_is_logged(worker, lines, logged):
    running = worker(
        code=in_lifespan(STARTUP, STARTED, "await receive()", *lines),
        config={"server": {"graceful_timeout": "500ms"}},
    )
    assert running.get().status == 200
    assert running.stop() == 0
    assert logged in running.log


def test_lifespan_that_ends_early_does_not_end_the_server(worker):
    running = worker(code=in_lifespan(STARTUP, STARTED, "raise ValueError('gone early')"))
    assert running.get().status == 200
    assert running.stop() == 0
    assert "gone early" in running.log


@pytest.mark.parametrize("lines", [["return"], ["raise ValueError('gone early')"]])
def test_lifespan_that_ends_at_once_has_started(worker, lines):
    code = in_lifespan(STARTUP, "scope['state']['db'] = 'open'", STARTED, *lines)
    running = worker(code=code, config={"server": {"lifespan": "on"}})
    assert json.loads(running.get().body) == {"db": "open", "shared": 0}
    assert running.stop() == 0


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_tasks_that_still_receive_when_the_server_stops(worker, loop):
    """Tasks left behind by requests and by the lifespan hold receive() and send() to the end."""
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    code = (
        RESPOND
        + """
kept = []

async def listen(receive, send):
    try:
        while True:
            await receive()
            await asyncio.sleep(0)
    finally:
        try:
            await send({"type": "lifespan.shutdown.complete"})
        except RuntimeError:
            print("cleaned up", file=sys.stderr, flush=True)

async def app(scope, receive, send):
    if scope["type"] == "http":
        await receive()
        kept.append(asyncio.create_task(listen(receive, send)))
        return await respond(scope, receive, send)
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})
    kept.append(asyncio.create_task(listen(receive, send)))
    await asyncio.wait_for(receive(), 3600)
"""
    )
    running = worker(code=code, config={"server": {"loop": loop}})
    assert running.get().status == 200
    assert running.stop() == 0
    assert running.log.count("cleaned up") == 2
    assert "never retrieved" not in running.log


def test_background_work_is_finished_before_the_shutdown(worker):
    code = """
import asyncio, sys

async def work():
    await asyncio.sleep(0.5)
    print("work done", file=sys.stderr, flush=True)

async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})
        return await work()
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    print("shutdown", file=sys.stderr, flush=True)
    await send({"type": "lifespan.shutdown.complete"})
"""
    running = worker(code=code)
    assert running.get().status == 200
    assert running.stop() == 0
    assert 0 < running.log.index("work done") < running.log.index("shutdown")


def test_tasks_and_generators_of_the_app_are_closed(worker):
    code = """
import asyncio, sys

def say(what):
    print(what, file=sys.stderr, flush=True)

async def forever():
    try:
        await asyncio.sleep(3600)
    finally:
        await asyncio.sleep(0.01)
        say("task cleaned up")

async def generator():
    try:
        while True:
            yield 1
    finally:
        say("generator closed")

kept = []

async def app(scope, receive, send):
    if scope["type"] != "http":
        raise ValueError
    gen = generator()
    await anext(gen)
    kept.extend([asyncio.create_task(forever()), gen])
    await asyncio.to_thread(say, "thread")
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body"})
"""
    running = worker(code=code)
    assert running.get().status == 200
    assert running.stop() == 0
    assert "task cleaned up" in running.log and "generator closed" in running.log
