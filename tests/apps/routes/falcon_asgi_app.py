"""Falcon's ASGI app: templates, converters, streams, and a middleware around send."""

import falcon.asgi


class Echo:
    async def on_get(self, req, resp, **params):
        resp.media = {name: str(value) for name, value in params.items()}


class Boom:
    async def on_get(self, req, resp, what):
        raise RuntimeError(what)


class Stream:
    async def on_get(self, req, resp, name):
        async def parts():
            yield b"a"
            yield name.encode()

        resp.stream = parts()


inner = falcon.asgi.App()
inner.add_route("/", Echo())
inner.add_route("/orders/{order_id:int}", Echo())
inner.add_route("/shops/{shop}/items/{item}", Echo())
inner.add_route("/streams/{name}", Stream())
inner.add_route("/boom/{what}", Boom())


async def app(scope, receive, send):
    async def send_on(message):
        await send(message)

    await inner(scope, receive, send_on)
