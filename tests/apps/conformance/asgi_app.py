"""The ASGI app of the conformance suite: what a request became, told back as JSON, and odd responses."""

import asyncio
import json
import os
import tempfile


def jsonable(value):
    """A scope as JSON has it; bytes become latin-1 text."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, dict):
        return {k: jsonable(v) for k, v in value.items() if k not in ("state", "app", "router")}
    if isinstance(value, (list, tuple)):
        return [jsonable(v) for v in value]
    return value


async def body_of(receive):
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return body
        assert message["type"] == "http.request", message
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return body


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                scope["state"]["started"] = True
                await send({"type": "lifespan.startup.complete"})
            else:
                await send({"type": "lifespan.shutdown.complete"})
                return
    assert scope["type"] == "http"
    await ROUTES.get(scope["path"], show)(scope, receive, send)


async def respond(send, body, status=200, headers=()):
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})


async def show(scope, receive, send):
    out = jsonable(scope)
    out["body"] = (await body_of(receive)).decode("latin-1")
    out["state"] = scope.get("state", {}).get("started")
    await respond(send, json.dumps(out).encode(), headers=[(b"content-type", b"application/json")])


async def echo(scope, receive, send):
    await respond(send, await body_of(receive))


async def unread(scope, receive, send):
    await respond(send, b"ok", headers=[(b"content-length", b"2")])


async def echo_stream(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        await send({"type": "http.response.body", "body": message["body"], "more_body": True})
        if not message["more_body"]:
            break
    await send({"type": "http.response.body"})


async def generator(scope, receive, send):
    await send({"type": "http.response.start", "status": 200})
    for piece in (b"one", b"", b"two"):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body"})


async def no_pieces(scope, receive, send):
    await respond(send, b"")


async def raises(scope, receive, send):
    raise ValueError("the app is broken")


async def raises_late(scope, receive, send):
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"some", "more_body": True})
    raise ValueError("too late")


async def returns_early(scope, receive, send):
    return


async def returns_in_the_middle(scope, receive, send):
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"some", "more_body": True})


def fixed(body, status=200, headers=()):
    async def handler(scope, receive, send):
        await respond(send, body, status, headers)

    return handler


def breach(*messages):
    """Sends messages; tells the exception's type in a 200 if one was raised and nothing was sent."""

    async def handler(scope, receive, send):
        try:
            for message in messages:
                await send(message)
        except Exception as exc:
            await respond(send, type(exc).__name__.encode(), 200)

    return handler


async def trailers(scope, receive, send):
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"trailer", b"x-sum")],
            "trailers": True,
        }
    )
    await send({"type": "http.response.body", "body": b"abc"})
    await send({"type": "http.response.trailers", "headers": [(b"x-sum", b"42")]})


async def sent_file(scope, receive, send):
    with tempfile.NamedTemporaryFile() as handle:
        handle.write(b"0123456789" * 20000)
        handle.flush()
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-length", b"200000")],
            }
        )
        await send({"type": "http.response.pathsend", "path": handle.name})


async def early_hint(scope, receive, send):
    await send({"type": "http.response.early_hint", "links": [b"</a.css>; rel=preload"]})
    await respond(send, b"ok")


async def big(scope, receive, send):
    await respond(send, b"x" * 5_000_000)


async def slow(scope, receive, send):
    await asyncio.sleep(0.3)
    await respond(send, b"slow", headers=[(b"content-length", b"4")])


async def pid(scope, receive, send):
    await respond(send, str(os.getpid()).encode())


START = {"type": "http.response.start", "status": 200, "headers": []}
LENGTH = b"content-length"

ROUTES = {
    "/echo": echo,
    "/unread": unread,
    "/echo-stream": echo_stream,
    "/generator": generator,
    "/no-pieces": no_pieces,
    "/raises": raises,
    "/raises-late": raises_late,
    "/returns-early": returns_early,
    "/returns-middle": returns_in_the_middle,
    "/too-long": fixed(b"abcdef", headers=[(LENGTH, b"3")]),
    "/too-short": fixed(b"abc", headers=[(LENGTH, b"10")]),
    "/header-cr": fixed(b"x", headers=[(b"x-bad", b"a\rb")]),
    "/header-lf": fixed(b"x", headers=[(b"x-bad", b"a\nset-cookie: b")]),
    "/header-nul": fixed(b"x", headers=[(b"x-bad", b"a\0b")]),
    "/header-name": fixed(b"x", headers=[(b"x bad", b"a")]),
    "/header-name-lf": fixed(b"x", headers=[(b"x\nbad", b"a")]),
    "/header-empty-name": fixed(b"x", headers=[(b"", b"a")]),
    "/header-latin1": fixed(b"x", headers=[(b"x-good", b"caf\xe9")]),
    "/header-date": fixed(b"x", headers=[(b"date", b"Thu, 01 Jan 1970 00:00:00 GMT")]),
    "/header-server": fixed(b"x", headers=[(b"server", b"mine")]),
    "/header-te": fixed(b"x", headers=[(b"transfer-encoding", b"chunked")]),
    "/204": fixed(b"", 204),
    "/204-body": fixed(b"must not be sent", 204),
    "/304": fixed(b"must not be sent", 304, [(LENGTH, b"16")]),
    "/999": fixed(b"odd", 999),
    "/bad-length": fixed(b"x", headers=[(LENGTH, b"abc")]),
    "/two-lengths": fixed(b"x", headers=[(LENGTH, b"1"), (LENGTH, b"1")]),
    "/body-first": breach({"type": "http.response.body", "body": b"x"}),
    "/str-body": breach(START, {"type": "http.response.body", "body": "x"}),
    "/unknown-message": breach({"type": "http.response.bogus"}),
    "/no-type": breach({"status": 200}),
    "/str-status": breach({"type": "http.response.start", "status": "200"}),
    "/not-a-dict": breach(["type", "http.response.start"]),
    "/trailers": trailers,
    "/file": sent_file,
    "/early-hint": early_hint,
    "/big": big,
    "/slow": slow,
    "/pid": pid,
}
