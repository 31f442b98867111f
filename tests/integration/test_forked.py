"""Processes that an app forks in a request: none of them serves beside the worker."""

from __future__ import annotations

import json

import pytest

from support.processes import wait_for

FORK = """
import asyncio
import os
import signal
import sys
import time

def status_of(pid):
    '''The exit status of a child; "alive" when it does not end.'''
    for _ in range(300):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return str(os.waitstatus_to_exitcode(status)).encode()
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return b"alive"

def leave(how):
    '''What both kinds of apps do in the child; else they go on.'''
    print("printed by the child")  # not flushed
    if how == "raise":
        raise LookupError("in the child")
    if how == "exit":
        sys.exit(3)
    if how == "exit-text":
        sys.exit("words of the child")
    if how == "os-exit":
        os._exit(4)
"""

WSGI = (
    FORK
    + """
def app(environ, start_response):
    how = environ["PATH_INFO"][1:]
    if how == "generator":
        return generator(start_response)
    if how == "close":
        start_response("200 OK", [("Content-Length", "2")])
        return Closing()
    pid = how and os.fork()
    if pid == 0:
        leave(how)
        if how == "read":
            environ["wsgi.input"].read()
        write = start_response("200 OK", [("Content-Length", "5")])
        if how == "write":
            write(b"child")
        return [] if how == "write" else [b"child"]
    start_response("200 OK", [])
    return [status_of(pid) if how else b"ok"]

def generator(start_response):
    start_response("200 OK", [])
    yield b"first "
    pid = os.fork()
    yield b"child" if pid == 0 else status_of(pid)

class Closing:
    def __iter__(self):
        return iter([b"ok"])

    def close(self):
        pid = os.fork()
        if pid:
            print("closed", status_of(pid), file=sys.stderr, flush=True)
"""
)

ASGI = (
    FORK
    + """
async def fork_in_task():
    pid = os.fork()
    if pid == 0:
        await asyncio.sleep(0)
    return status_of(pid) if pid else b"child"

async def app(scope, receive, send):
    assert scope["type"] == "http"
    how = scope["path"][1:]
    if how == "task":
        pid, body = None, await asyncio.create_task(fork_in_task())
    else:
        pid = how and os.fork()
        body = b"ok"
    if pid == 0:
        leave(how)
        if how == "return":
            return
        if how == "wait":
            await asyncio.sleep(0)
        if how == "read":
            await receive()
        body = b"child"
    elif pid:
        body = status_of(pid)
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": body})
"""
)

BOTH = [
    ("answer", b"0"),
    ("raise", b"1"),
    ("exit", b"3"),
    ("exit-text", b"1"),
    ("os-exit", b"4"),
    ("read", b"0"),
]
CASES = {
    "wsgi": [*BOTH, ("write", b"0"), ("generator", b"first 0"), ("close", b"ok")],
    "asyncio": [*BOTH, ("return", b"0"), ("wait", b"0"), ("task", b"0")],
    "uvloop": [("answer", b"0"), ("wait", b"0"), ("task", b"0")],
}


@pytest.mark.parametrize(
    ("interface", "how", "answer"),
    [(interface, *case) for interface, cases in CASES.items() for case in cases],
)
def test_child_ends_where_it_comes_back(server, tmp_path, interface, how, answer):
    code = WSGI if interface == "wsgi" else ASGI
    log = tmp_path / "access"
    config = {"http": {"access_log": str(log), "access_log_format": "json"}}
    if interface != "wsgi":
        config["server"] = {"loop": interface}
    running = server(code=code, config=config)
    response = running.get(f"/{how}")
    assert (response.status, response.body) == (200, answer)
    if how == "close":
        running.wait_log("closed b'0'")
    assert running.get("/").body == b"ok"
    # One worker has counted: both requests, once each, and none of them failed.
    wait_for("two lines", lambda: log.read_text().count("\n") == 2, 10)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(line["path"], line.get("error")) for line in lines] == [(f"/{how}", None), ("/", None)]
    assert running.status()["errors"] == []
    assert running.status()["requests_in_flight"] == []
    assert running.stop() == 0
    assert running.log.count("PEL509") == (0 if "exit" in how else 1)
    if how not in ("generator", "close", "task", "os-exit"):
        assert "printed by the child" in running.access_log  # standard output
    assert ("LookupError: in the child" in running.log) == (how == "raise")
    assert ("words of the child" in running.log) == (how == "exit-text")
