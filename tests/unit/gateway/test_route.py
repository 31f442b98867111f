"""Route templates read from what WSGI frameworks leave behind."""

from __future__ import annotations

import sys
import types
import unittest
import unittest.mock
from collections.abc import Callable
from typing import Any

from wsgi_case import App, WsgiCase, head

CONFIG, FRAMEWORK = 2, 3


def rule(text: object) -> Any:
    """An object with a .rule, as Flask and Bottle have them."""
    return types.SimpleNamespace(rule=text)


class RouteCase(WsgiCase):
    """self.route(app, target) is what the record says."""

    def route(self, app: App, target: str = "/x") -> tuple[str | None, int]:
        result = self.call(app, head("GET", target))
        self.assert_complete(result)
        return result.route, result.route_source

    def leaving(self, key: str, value: Any) -> App:
        """An app that puts value into environ, as a framework does."""

        def app(environ: Any, start_response: Any) -> list[bytes]:
            environ[key] = value
            start_response("200 OK", [])
            environ.clear()
            return [b"x"]

        return app


class Environ(RouteCase):
    """Flask and Bottle."""

    def test_flask(self) -> None:
        request = types.SimpleNamespace(url_rule=rule("/orders/<int:id>"))
        self.assertEqual(
            self.route(self.leaving("werkzeug.request", request)), ("/orders/<int:id>", FRAMEWORK)
        )

    def test_bottle(self) -> None:
        self.assertEqual(
            self.route(self.leaving("bottle.route", rule("/hi/<name>"))), ("/hi/<name>", FRAMEWORK)
        )

    def test_script_name_of_nothing(self) -> None:
        """As Bottle leaves it behind a mount."""

        def app(environ: Any, start_response: Any) -> list[bytes]:
            environ["SCRIPT_NAME"] = "/"
            environ["bottle.route"] = rule("/hi")
            start_response("200 OK", [])
            return [b"x"]

        self.assertEqual(self.route(app), ("/hi", FRAMEWORK))

    def test_none_matched(self) -> None:
        for value in (
            types.SimpleNamespace(url_rule=None),
            types.SimpleNamespace(url_rule=rule(None)),
            types.SimpleNamespace(url_rule=rule(5)),
            types.SimpleNamespace(url_rule=rule("/" + "x" * 5000)),
            types.SimpleNamespace(url_rule=rule("\ud800")),
            types.SimpleNamespace(),
            None,
        ):
            self.assertEqual(self.route(self.leaving("werkzeug.request", value)), (None, 0))

    def test_properties_that_raise(self) -> None:
        class Odd:
            @property
            def url_rule(self) -> Any:
                raise KeyError("no")

        self.assertEqual(self.route(self.leaving("werkzeug.request", Odd())), (None, 0))


class Frames(RouteCase):
    """Falcon: a variable of the function that calls start_response."""

    class App:
        """falcon.app.App, as far as it matters."""

        def __init__(self, **request: Any) -> None:
            self.request = request

        def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
            if self.request:
                req = types.SimpleNamespace(**self.request)  # noqa: F841
                del self
            start_response("200 OK", [])
            return [b"x"]

    def setUp(self) -> None:
        self.module = types.ModuleType("falcon.app")
        setattr(self.module, "App", self.App)  # noqa: B010
        sys.modules["falcon.app"] = self.module
        super().setUp()

    def tearDown(self) -> None:
        super().tearDown()
        del sys.modules["falcon.app"]

    def test_template(self) -> None:
        app = self.App(uri_template="/orders/{id}")
        self.assertEqual(self.route(app), ("/orders/{id}", FRAMEWORK))

    def test_behind_middleware(self) -> None:
        def middleware(environ: Any, start_response: Any) -> Any:
            return self.App(uri_template="/a/{b}")(
                environ | {"SCRIPT_NAME": "/inner"}, lambda *args: start_response(*args)
            )

        self.assertEqual(self.route(middleware), ("/a/{b}", FRAMEWORK))

    def test_nothing_matched(self) -> None:
        for app in (self.App(uri_template=None), self.App(other=1), self.App()):
            self.assertEqual(self.route(app), (None, 0))

    def test_others(self) -> None:
        self.assertEqual(self.route(self.leaving("bottle.route", rule("/hi"))), ("/hi", FRAMEWORK))


class Unloaded(RouteCase):
    """A module of that name which has nothing of the kind, or something that is no Python."""

    def test_it(self) -> None:
        for content in ({}, {"App": 5}, {"App": dict}):
            module = types.ModuleType("falcon.app")
            vars(module).update(content)
            with unittest.mock.patch.dict(sys.modules, {"falcon.app": module}):
                app = self.leaving("bottle.route", rule("/hi"))
                self.assertEqual(self.route(app), ("/hi", FRAMEWORK))


class Mounted(Environ):
    """The root of the app is part of its route."""

    conf = {"server": {"root_path": "/shop"}}

    def test_flask(self) -> None:
        request = types.SimpleNamespace(url_rule=rule("/orders/<id>"))
        self.assertEqual(
            self.route(self.leaving("werkzeug.request", request), "/shop/orders/7"),
            ("/shop/orders/<id>", FRAMEWORK),
        )

    def test_bottle(self) -> None:
        self.assertEqual(
            self.route(self.leaving("bottle.route", rule("/hi"))), ("/shop/hi", FRAMEWORK)
        )


class Configured(RouteCase):
    """The name of a [[route]] comes before the framework's."""

    conf = {"route": [{"match": "GET /x/*", "name": "/x/{id}"}, {"match": "/y/*", "slow": "1s"}]}

    def test_it(self) -> None:
        app = self.leaving("bottle.route", rule("/hi"))
        self.assertEqual(self.route(app, "/x/5"), ("/x/{id}", CONFIG))
        self.assertEqual(self.route(app, "/z")[0], "/hi")


class Django(RouteCase):
    """The response knows the request."""

    def response(self, *closers: Callable[[], None]) -> Any:
        class Response:
            _resource_closers = list(closers)

            def __iter__(self) -> Any:
                return iter([b"x"])

        return Response()

    def answering(self, response: Any) -> App:
        def app(environ: Any, start_response: Any) -> Any:
            start_response("200 OK", [])
            return response

        return app

    def request(self, route: Any) -> Any:
        class Request:
            resolver_match = types.SimpleNamespace(route=route)

            def close(self) -> None: ...

        return Request()

    def test_path(self) -> None:
        for route, expected in (
            ("orders/<int:id>/", "/orders/<int:id>/"),
            ("", "/"),
            ("^re/(?P<x>.)$", "^re/(?P<x>.)$"),
        ):
            response = self.response(print, self.request(route).close)
            self.assertEqual(self.route(self.answering(response)), (expected, FRAMEWORK))

    def test_not_there(self) -> None:
        for response in (self.response(), self.response(self.request(None).close), iter([b"x"])):
            self.assertEqual(self.route(self.answering(response)), (None, 0))


if __name__ == "__main__":
    unittest.main()
