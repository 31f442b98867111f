"""Falcon: templates, converters, and a sub-application below a path (WSGI)."""

import falcon
from werkzeug.middleware.dispatcher import DispatcherMiddleware


class Echo:
    def on_get(self, req, resp, **params):
        resp.media = {name: str(value) for name, value in params.items()}


class Boom:
    def on_get(self, req, resp, what):
        raise RuntimeError(what)


class Stream:
    def on_get(self, req, resp, name):
        resp.stream = iter([b"a", name.encode()])


inner = falcon.App()
inner.add_route("/users/{user}", Echo())

outer = falcon.App()
outer.add_route("/", Echo())
outer.add_route("/orders/{order_id:int}", Echo())
outer.add_route("/shops/{shop}/items/{item}", Echo())
outer.add_route("/streams/{name}", Stream())
outer.add_route("/boom/{what}", Boom())

app = DispatcherMiddleware(outer, {"/api/v1": inner})
