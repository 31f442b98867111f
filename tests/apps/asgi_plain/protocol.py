"""What ASGI allows and forbids: each path is one small app, whose findings are its body."""

import asyncio
import json
import types
from array import array

START = {"type": "http.response.start", "status": 200, "headers": []}
ROUTES = {}
NOTES = []  # of apps whose response cannot tell


def route(handler):
    ROUTES["/" + handler.__name__.replace("_", "-")] = handler
    return handler


async def answer(send, value, headers=()):
    body = json.dumps(value).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [*headers]})
    await send({"type": "http.response.body", "body": body})


async def breaches(send, *messages):
    """Sends each message; the exceptions as [type, text] pairs."""
    found = []
    for message in messages:
        try:
            await send(message)
        except Exception as exc:
            found.append([type(exc).__name__, str(exc)])
    return found


@route
async def notes(scope, receive, send):
    await answer(send, NOTES)


# --- send ---


@route
async def before_start(scope, receive, send):
    messages = [
        {"type": "http.response.body", "body": b"x"},
        {"type": "http.response.trailers", "headers": []},
        {"type": "http.response.pathsend", "path": "/etc/hostname"},
        {"type": "http.response.start"},
        {"type": "http.response.start", "status": "200"},
        {"type": "http.response.start", "status": 99},
        {"type": "http.response.start", "status": 103},
        {"type": "http.response.start", "status": 1000},
        {"type": "http.response.start", "status": 2**70},
        {"type": "http.response.start", "status": 200, "headers": 7},
        {"type": "http.response.start", "status": 200, "headers": [b"ab"]},
        {"type": "http.response.start", "status": 200, "headers": [(b"a", b"b", b"c")]},
        {"type": "http.response.start", "status": 200, "headers": [("a", b"b")]},
        {"type": "http.response.start", "status": 200, "headers": [(b"a", "b")]},
        {"type": "http.response.start", "status": 200, "headers": {b"ab": b"c"}},
        {"type": "http.response.bogus"},
        {"type": b"http.response.start"},
        {"type": "http.response.st\u2603rt"},
        {"type": 7},
        {},
        [],
        None,
    ]
    found = await breaches(send, *messages)
    try:
        send()
    except TypeError as exc:
        found.append(["TypeError", str(exc)])
    await answer(send, found)


@route
async def after_start(scope, receive, send):
    await send(START)
    found = await breaches(
        send,
        START,
        {"type": "http.response.body", "body": "text"},
        {"type": "http.response.body", "body": 7},
        {"type": "http.response.trailers"},
        {"type": "http.response.pathsend"},
        {"type": "http.response.pathsend", "path": b"/etc/hostname"},
        {"type": "http.response.pathsend", "path": "relative"},
        {"type": "http.response.pathsend", "path": "/nonexistent/file"},
        {"type": "http.response.pathsend", "path": "/etc"},
        {"type": "http.response.pathsend", "path": "/dev/null"},
        {"type": "http.response.pathsend", "path": "/etc/\0"},
    )
    await send({"type": "http.response.body", "body": json.dumps(found).encode()})


@route
async def after_end(scope, receive, send):
    await answer(send, "done")
    NOTES.append(
        await breaches(
            send, START, {"type": "http.response.body", "body": b"more"}, {"type": "bogus"}
        )
    )


@route
async def bad_header(scope, receive, send):
    """A head that is refused leaves the app free to send another."""
    bad = {"type": "http.response.start", "status": 200, "headers": [(b"x", b"a\r\nb")]}
    await send(bad)
    found = await breaches(send, {"type": "http.response.body", "body": b"x"})
    await answer(send, found)


@route
async def started_then_raises(scope, receive, send):
    await send(START)
    raise RuntimeError("nothing is out yet")


@route
async def bodies(scope, receive, send):
    """Everything that is bytes; missing keys; truth values."""
    await send({"type": "http.response.start", "status": 200, "headers": ((b"x-a", b"1"),)})
    shapes = (
        bytes,
        bytearray,
        memoryview,
        lambda b: memoryview(b[::-1])[::-1],
        lambda b: array("B", b),
    )
    for number, shape in enumerate(shapes):
        body = shape(b"%d " % number)
        await send({"type": "http.response.body", "body": body, "more_body": 1})
    await send({"type": "http.response.body", "more_body": True})
    await send({"type": "http.response.body", "body": b"end", "more_body": 0, "extra": None})


@route
async def header_shapes(scope, receive, send):
    """Any iterable of pairs."""

    def pairs():
        yield [b"x-list", b"1"]
        yield (b"x-tuple", b"2")
        yield iter((b"x-iterator", b"3"))
        yield bytearray(b"x-bytearray"), bytearray(b"4")
        yield memoryview(b"x-memoryview"), memoryview(b"5")

    await answer(send, None, pairs())


@route
async def header_types(scope, receive, send):
    """Names and values that are no bytes: what the errors say."""
    texts = []
    for header in (("x-a", b"1"), (b"x-a", "1"), (b"x-a", 1), (b"x-a", None), (None, b"1")):
        try:
            await send({"type": "http.response.start", "status": 200, "headers": [header]})
        except TypeError as exc:
            texts.append(str(exc))
    await answer(send, texts)


class Shrinking:
    """A header that empties the list it is in while it is read."""

    def __init__(self, headers):
        self.headers = headers

    def __iter__(self):
        self.headers.clear()
        return iter((b"x-shrinking", b"1"))


@route
async def shrinking_headers(scope, receive, send):
    headers = []
    headers += [Shrinking(headers), (b"x-never", b"2"), (b"x-never", b"3")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


@route
async def sse(scope, receive, send):
    """The head is out before the first event."""
    headers = [(b"content-type", b"text/event-stream; charset=utf-8")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await asyncio.sleep(3600)


@route
async def empty_flush(scope, receive, send):
    """An empty body with more to come sends the head."""
    await send(START)
    await send({"type": "http.response.body", "body": b"", "more_body": True})
    await asyncio.sleep(3600)


@route
async def pieces(scope, receive, send):
    """Each piece is out before the next is made."""
    await send(START)
    for i in range(3):
        await send({"type": "http.response.body", "body": b"piece %d\n" % i, "more_body": True})
        message = await receive()
        assert message["type"] == "http.request", message
    await send({"type": "http.response.body"})


@route
async def trailers(scope, receive, send):
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"trailer", b"a, b")],
            "trailers": True,
        }
    )
    await send({"type": "http.response.body", "body": b"body"})
    NOTES.append(await breaches(send, {"type": "http.response.body", "body": b"more"}))
    await send({"type": "http.response.trailers", "headers": [(b"a", b"1")], "more_trailers": True})
    await send({"type": "http.response.trailers", "headers": [(b"b", b"2")]})


@route
async def no_trailers(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "trailers": True})
    await send({"type": "http.response.body", "body": b"body"})


@route
async def bad_trailers(scope, receive, send):
    start = {**START, "trailers": True, "headers": [(b"trailer", b"x")]}
    await send(start)
    await send({"type": "http.response.body", "body": b"."})
    trailers = {"type": "http.response.trailers", "more_trailers": True}
    found = await breaches(
        send,
        {**trailers, "headers": [(b"content-length", b"1"), (b"x", b"1")]},
        {**trailers, "headers": [(b"x", b"\r\nb")]},
        {**trailers, "headers": [(b"a b", b"1")]},
    )
    names = " ".join(name for name, _ in found).encode()
    await send({"type": "http.response.trailers", "headers": [(b"x", names)]})


@route
async def hints(scope, receive, send):
    hint = {
        "type": "http.response.early_hint",
        "links": [b"</a>; rel=preload", b"</b>; rel=preload"],
    }
    await send(hint)
    await send(START)
    await send(hint)
    found = await breaches(
        send,
        {"type": "http.response.early_hint", "links": ["</a>"]},
        {"type": "http.response.early_hint", "links": [b"a\nb"]},
        {"type": "http.response.early_hint"},
    )
    await send(
        {"type": "http.response.body", "body": json.dumps(found).encode(), "more_body": True}
    )
    await send(hint)
    await send({"type": "http.response.body"})


# --- receive ---


@route
async def after_body(scope, receive, send):
    """After the body receive() waits; after the response it is http.disconnect at once."""
    found = []
    while True:
        message = await receive()
        found.append(message["type"])
        if not message.get("more_body"):
            break
    try:
        await asyncio.wait_for(receive(), 0.05)
    except TimeoutError:
        found.append("waits")
    await answer(send, found)
    NOTES.append([(await receive())["type"], (await receive())["type"]])


@route
async def waiting_when_complete(scope, receive, send):
    """A receive() that waits is told of the end of the response."""
    await receive()
    tasks = [asyncio.create_task(receive()) for _ in range(3)]
    await asyncio.sleep(0)
    await answer(send, "done")
    NOTES.append([(await t)["type"] for t in tasks])


@route
async def concurrent(scope, receive, send):
    """Several tasks read the body: each part goes to one of them."""
    parts = []

    async def read():
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return
            parts.append(message["body"].decode())
            if not message["more_body"]:
                for task in tasks:
                    task.cancel()
                return

    tasks = [asyncio.create_task(read()) for _ in range(4)]
    await asyncio.wait(tasks)
    await answer(send, "".join(parts))


@route
async def cancelled_receive(scope, receive, send):
    """A receive() that is given up loses nothing."""
    for _ in range(5):
        try:
            await asyncio.wait_for(receive(), 0.01)
        except TimeoutError:
            continue
        raise AssertionError("there is no body yet")
    await send({**START, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": b"", "more_body": True})
    message = await receive()
    await send({"type": "http.response.body", "body": message["body"]})


@route
async def awaitables(scope, receive, send):
    """What receive and send return may be used as coroutines are."""
    import collections.abc
    import inspect

    first = receive()
    found = {
        "coroutine": isinstance(first, collections.abc.Coroutine),
        "function": inspect.iscoroutinefunction(receive) or asyncio.iscoroutinefunction(receive),
        "repr": [repr(receive), repr(send)],
    }
    await first
    try:
        await first
    except RuntimeError as exc:
        found["again"] = str(exc)
    unused = receive()
    unused.close()
    thrown = receive()
    try:
        thrown.throw(KeyError("in"))
    except KeyError as exc:
        found["thrown"] = repr(exc)
    late = send({"type": "bogus"})
    try:
        await late
    except ValueError:
        found["raised when awaited"] = True
    try:
        receive(1)
    except TypeError:
        found["arguments"] = True
    await asyncio.create_task(send(START))
    await asyncio.gather(send({"type": "http.response.body", "body": json.dumps(found).encode()}))


# --- the app itself ---


@route
def plain_function(scope, receive, send):
    """Not async: returns a coroutine."""
    return answer(send, [asyncio.current_task() is not None])


class Awaitable:
    def __init__(self, coroutine):
        self.coroutine = coroutine

    def __await__(self):
        return self.coroutine.__await__()


@route
def awaitable_object(scope, receive, send):
    async def run():
        await asyncio.sleep(0.01)
        await answer(send, "awaitable")

    return Awaitable(run())


@route
@types.coroutine
def generator_coroutine(scope, receive, send):
    yield from asyncio.sleep(0.01).__await__()
    yield from answer(send, "generator").__await__()


@route
def not_awaitable(scope, receive, send):
    return b"a WSGI app, perhaps"


@route
def bad_await(scope, receive, send):
    class Bad:
        def __await__(self):
            return 7

    return Bad()


@route
async def system_exit(scope, receive, send):
    raise SystemExit(3)


@route
async def exception_group(scope, receive, send):
    raise ExceptionGroup("several", [ValueError("one"), KeyError("two")])


@route
async def cancels_itself(scope, receive, send):
    asyncio.current_task().cancel()
    await asyncio.sleep(0)


@route
async def raises_after_response(scope, receive, send):
    await answer(send, "fine")
    raise RuntimeError("in the background")


@route
async def raises_late_after_response(scope, receive, send):
    await answer(send, "fine")
    await asyncio.sleep(0.01)
    raise RuntimeError("much later in the background")


@route
async def background(scope, receive, send):
    await answer(send, "fine")
    await asyncio.sleep(0.2)
    NOTES.append("background done")


def app(scope, receive, send):
    if scope["type"] != "http":
        raise ValueError("http only")
    return ROUTES[scope["path"]](scope, receive, send)
