"""What links the profiles of others with our spans: the contexts that profilers read."""

from __future__ import annotations

import os
import platform
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import profiler
from support.processes import wait_for

WSGI = """
import os
import subprocess
import sys
import threading
import time

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/child":
        child = os.fork()
        if child == 0:
            with open("/proc/self/maps") as maps:
                os._exit(1 if "OTEL_CTX" in maps.read() else 0)
        body = str(os.waitpid(child, 0)[1])
    else:
        time.sleep(float(environ["QUERY_STRING"] or 0))
        body = f"{os.getpid()} {threading.get_native_id()}"
    start_response("200 OK", [])
    return [body.encode()]
"""
# Each request says what the thread is known to work for, at several moments.
ASGI = """
import asyncio
import ctypes
import importlib.util

library = ctypes.CDLL(importlib.util.find_spec("pellucid._server").origin)
seen_by_others = []

def now():
    at = ctypes.c_void_p.in_dll(library, "otel_thread_ctx_v1").value
    head = ctypes.string_at(at, 28) if at else b""
    return head[:16].hex() if head and head[24] == 1 else "-"

async def other():
    seen_by_others.append(now())

async def app(scope, receive, send):
    assert scope["type"] == "http"
    seen = [now()]
    for _ in range(10):
        await asyncio.sleep(0.01)
        seen.append(now())
    await asyncio.create_task(other())
    seen.append(now())
    body = " ".join(sorted(set(seen))) + "|" + " ".join(sorted(set(seen_by_others)))
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": body.encode()})
"""
TRACES = ["4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c"]
ROUTE = [{"match": "GET /orders/*", "name": "/orders/{id}"}]


def parent(trace, flags="01"):
    return {"traceparent": f"00-{trace}-00f067aa0ba902b7-{flags}"}


def working(app):
    """What a profiler finds on the threads of the worker: those that work, and for whom."""
    (pid,) = app.workers()
    threads = [int(name) for name in os.listdir(f"/proc/{pid}/task")]
    found = {thread: profiler.thread_context(pid, thread) for thread in threads}
    return {thread: context for thread, context in found.items() if context}


@pytest.fixture
def profiled(server, receiver):
    if platform.machine() != "x86_64":
        pytest.skip("the profiler of the tests knows the threads of x86-64 only")
    config = {"server": {"workers": 1}, "route": ROUTE, "otlp": {"endpoint": receiver.url}}
    return server(code=WSGI, config=config, receiver=receiver)


def test_resource_of_a_worker(server, receiver):
    app = server(
        code=WSGI,
        config={
            "server": {"workers": 2},
            "otlp": {"endpoint": receiver.url, "resource": {"service.name": "sh\u00f6p"}},
        },
        receiver=receiver,
    )
    contexts = {pid: profiler.process_context(pid) for pid in app.workers()}
    pid = int(app.get("/").text.split()[0])
    (span,) = app.spans()
    assert contexts[pid].resource == span.resource
    assert contexts[pid].resource["service.name"] == "sh\u00f6p"
    assert contexts[pid].resource["process.pid"] == pid
    instances = {context.resource["service.instance.id"] for context in contexts.values()}
    assert len(instances) == 2
    assert contexts[pid].attributes == {
        "threadlocal.schema_version": "tlsdesc_v1_dev",
        "threadlocal.attribute_key_map": ["http.request.method", "http.route"],
    }


def test_a_child_of_the_app_has_none(server):
    app = server(code=WSGI)
    assert profiler.process_context(app.workers()[0])
    assert app.get("/child").text == "0"


def test_off(server):
    app = server(code=WSGI, config={"trace": {"publish_context": False}})
    assert [profiler.process_context(pid) for pid in app.workers()] == [None] * len(app.workers())


def test_threads_tell_whom_they_work_for(profiled):
    with ThreadPoolExecutor() as pool:
        first = pool.submit(profiled.get, "/orders/7?2", parent(TRACES[0]))
        second = pool.submit(profiled.get, "/other?2", parent(TRACES[1], "00"))
        found = wait_for(
            "both",
            lambda: len(found := working(profiled)) == 2 and found,
            5 * profiled.target.patience,
        )
        threads = [int(one.result().text.split()[1]) for one in (first, second)]
    assert set(found) == set(threads)
    orders, other = (found[thread] for thread in threads)
    assert (orders.trace_id, orders.flags) == (TRACES[0], 1)
    assert orders.attributes == {"http.request.method": "GET", "http.route": "/orders/{id}"}
    assert (other.trace_id, other.flags) == (TRACES[1], 0)
    assert other.attributes == {"http.request.method": "GET"}
    assert orders.span_id in {s.span_id for s in profiled.spans(2) if s.trace_id == TRACES[0]}
    assert working(profiled) == {}


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_tasks_tell_whom_the_loop_works_for(server, loop):
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    app = server(code=ASGI, config={"server": {"workers": 1, "loop": loop}})
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda trace: app.get("/", parent(trace)).text, TRACES))
    for trace, answer in zip(TRACES, answers, strict=True):
        own, others = answer.split("|")
        assert own == trace
        assert others == "-"
