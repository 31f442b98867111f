"""What surrounds an app's task: its context, its loop, its neighbours, and clients that leave."""

import asyncio
import contextvars
import json
import signal
import subprocess
import sys
import threading
import time

VAR = contextvars.ContextVar("VAR", default="unset")
AT_IMPORT = contextvars.ContextVar("AT_IMPORT", default="unset")
AT_IMPORT.set("import")
EVENTS = []  # what happened in apps whose clients had left
ROUTES = {}
TICKS = []


def route(handler):
    ROUTES["/" + handler.__name__.replace("_", "-")] = handler
    return handler


async def start(send, headers=()):
    await send({"type": "http.response.start", "status": 200, "headers": [*headers]})


async def answer(send, value):
    await start(send)
    await send({"type": "http.response.body", "body": json.dumps(value).encode()})


async def piece(send, body=b"x"):
    await send({"type": "http.response.body", "body": body, "more_body": True})


@route
async def events(scope, receive, send):
    await answer(send, EVENTS)


@route
async def forget(scope, receive, send):
    EVENTS.clear()
    await answer(send, None)


# --- the task ---


@route
async def context(scope, receive, send):
    """Each request starts from the same context."""
    before = VAR.get()
    VAR.set("leaked")
    await asyncio.sleep(0)
    await answer(send, [before, VAR.get(), AT_IMPORT.get()])
    VAR.set("leaked after the response")


@route
async def task(scope, receive, send):
    """The app is in a task of its own from the first line on."""
    me = asyncio.current_task()
    found = [me in asyncio.all_tasks(), me.get_loop() is asyncio.get_running_loop(), repr(me)]
    me.print_stack(file=open("/dev/null", "w"))
    async with asyncio.timeout(5):
        await asyncio.sleep(0.001)
    try:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(5)
    except TimeoutError:
        found.append("timeout")
    async with asyncio.TaskGroup() as group:
        children = [group.create_task(asyncio.sleep(0.001, i)) for i in range(3)]
    found.append([c.result() for c in children])
    found.append(await asyncio.to_thread(threading.get_ident) != threading.get_ident())
    found.append(asyncio.current_task() is me)
    await answer(send, found)


@route
async def timeout_at_once(scope, receive, send):
    """asyncio.timeout in the very first step, which an eager start runs."""
    try:
        async with asyncio.timeout(0.01):
            await asyncio.Event().wait()
    except TimeoutError:
        await answer(send, "timeout")


@route
async def anyio_app(scope, receive, send):
    import anyio

    found = []
    with anyio.move_on_after(0.01) as scope_:
        await anyio.sleep(5)
    found.append(scope_.cancelled_caught)
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.sleep, 0.001)
    found.append(await anyio.to_thread.run_sync(lambda: "thread"))
    await answer(send, found)


@route
async def processes(scope, receive, send):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "print('child')", stdout=subprocess.PIPE
    )
    out, _ = await process.communicate()
    await answer(send, [out.decode().strip(), process.returncode])


@route
async def signals(scope, receive, send):
    loop = asyncio.get_running_loop()
    got = asyncio.Queue()
    loop.add_signal_handler(signal.SIGUSR2, got.put_nowait, "loop")
    signal.raise_signal(signal.SIGUSR2)
    found = [await asyncio.wait_for(got.get(), 5)]
    loop.remove_signal_handler(signal.SIGUSR2)
    signal.signal(signal.SIGUSR2, lambda *_: found.append("python"))
    threading.Timer(0.05, lambda: signal.raise_signal(signal.SIGUSR2)).start()
    await asyncio.sleep(0.2)
    signal.signal(signal.SIGUSR2, signal.SIG_DFL)
    await answer(send, found)


@route
async def factory(scope, receive, send):
    """Task factories are honoured: a plain one, and the eager one of 3.12."""
    loop = asyncio.get_running_loop()
    made = []

    def plain(loop, coro, **kwargs):
        made.append(type(coro).__name__)
        return asyncio.Task(coro, loop=loop, **kwargs)

    kind = scope["query_string"].decode()
    if kind == "plain":
        loop.set_task_factory(plain)
        ROUTES["/made"] = lambda s, r, send: answer(send, made)
    elif kind == "eager" and hasattr(asyncio, "eager_task_factory"):
        loop.set_task_factory(asyncio.eager_task_factory)
        probe = asyncio.sleep(0)
        try:
            await asyncio.create_task(probe)
        except TypeError:  # uvloop 0.23 does not work with that of 3.13.0
            loop.set_task_factory(None)
            probe.close()
    else:
        loop.set_task_factory(None)
    await answer(send, None)


@route
async def child_sends(scope, receive, send):
    """Another task than the app's completes the response, and the app ends later."""

    async def child():
        await answer(send, VAR.get())

    VAR.set("of the parent")
    await asyncio.create_task(child())
    await asyncio.sleep(0.02)


@route
async def sleep(scope, receive, send):
    await asyncio.sleep(float(scope["query_string"] or b"0.01"))
    await answer(send, "slept")


@route
async def tick(scope, receive, send):
    """Starts a ticker, or says by how many ms it was late."""

    async def ticker():
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due += 0.005
            await asyncio.sleep(max(0, due - loop.time()))
            TICKS.append((loop.time() - due) * 1e3)
            due = max(due, loop.time())

    if scope["query_string"] == b"start":
        ROUTES["ticker"] = asyncio.create_task(ticker())
    await answer(send, sorted(TICKS))
    TICKS.clear()


@route
async def block(scope, receive, send):
    time.sleep(0.2)
    await answer(send, None)


@route
async def deferred(scope, receive, send):
    """An endless chain of call_soon does not keep the server from its sockets."""
    loop = asyncio.get_running_loop()
    n = 0

    def again():
        nonlocal n
        n += 1
        if n < 200_000:
            loop.call_soon(again)

    again()
    await answer(send, None)


# --- clients that leave ---


def noting(name):
    """Notes how an app ends."""

    def wrap(handler):
        async def run(scope, receive, send):
            EVENTS.append(f"{name} begun")
            try:
                await handler(scope, receive, send)
                EVENTS.append(f"{name} returned")
            except asyncio.CancelledError:
                EVENTS.append(f"{name} cancelled")
                raise
            except BaseException as exc:
                EVENTS.append(f"{name} {type(exc).__name__} {isinstance(exc, OSError)}")
                raise

        ROUTES["/" + name] = run
        return run

    return wrap


@noting("silent")
async def silent(scope, receive, send):
    await asyncio.sleep(3600)


@noting("waiting-stream")
async def waiting_stream(scope, receive, send):
    await start(send)
    await piece(send)
    await asyncio.sleep(3600)


@noting("endless")
async def endless(scope, receive, send):
    await start(send)
    while True:
        await piece(send, b"x" * 65536)


@noting("ticking")
async def ticking(scope, receive, send):
    await start(send)
    while True:
        await piece(send)
        await asyncio.sleep(0.01)


@noting("counting")
async def counting(scope, receive, send):
    await start(send)
    for n in range(10):
        await piece(send, b"%d" % n)
        await asyncio.sleep(0.15)
    await send({"type": "http.response.body"})


@noting("listening")
async def listening(scope, receive, send):
    await start(send)
    await piece(send)
    while (await receive())["type"] != "http.disconnect":
        pass
    await asyncio.sleep(1.5)  # a clean-up that takes its time


@noting("told-then-sends")
async def told_then_sends(scope, receive, send):
    while (await receive())["type"] != "http.disconnect":
        pass
    await answer(send, "to nobody")


@noting("uploads")
async def uploads(scope, receive, send):
    n = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            EVENTS.append(f"uploads disconnect after {n}")
            return
        n += len(message["body"])


@noting("stubborn")
async def stubborn(scope, receive, send):
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            EVENTS.append("stubborn goes on")


@noting("finishes")
async def finishes(scope, receive, send):
    """Half a second of work that has not begun to answer is not interrupted."""
    await asyncio.sleep(0.5)
    EVENTS.append("finishes worked")
    await answer(send, "done")


@noting("background")
async def background(scope, receive, send):
    await answer(send, "fine")
    await asyncio.sleep(1.5)


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        raise ValueError("http only")
    await ROUTES[scope["path"]](scope, receive, send)
