"""Which gateway an app gets when server.interface is "auto"."""

from __future__ import annotations

import functools
import unittest
from typing import Any

import _fake_transport


def wsgi(environ: Any, start_response: Any) -> list[bytes]:
    return []


def wsgi_extra(environ: Any, start_response: Any, extra: Any = None) -> list[bytes]:
    return []


def wsgi_any(*args: Any, **kwargs: Any) -> list[bytes]:
    return []


def wsgi_configured(config: Any, environ: Any, start_response: Any) -> list[bytes]:
    return []


class WsgiClass:
    def __init__(self, environ: Any, start_response: Any) -> None: ...
    def __iter__(self) -> Any: ...


class WsgiObject:
    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        return []

    def method(self, environ: Any, start_response: Any) -> list[bytes]:
        return []

    @staticmethod
    def static(environ: Any, start_response: Any) -> list[bytes]:
        return []

    @classmethod
    def of_class(cls, environ: Any, start_response: Any) -> list[bytes]:
        return []


async def asgi(scope: Any, receive: Any, send: Any) -> None: ...


def asgi_sync(scope: Any, receive: Any, send: Any) -> Any:
    return asgi(scope, receive, send)


class AsgiClass:
    def __init__(self, scope: Any, receive: Any, send: Any) -> None: ...
    def __await__(self) -> Any: ...


class AsgiObject:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...
    async def method(self, scope: Any, receive: Any, send: Any) -> None: ...


class AsgiChild(AsgiObject):
    pass


class AsgiSyncObject:
    def __call__(self, scope: Any, receive: Any, send: Any) -> Any: ...


class Asgi2Class:
    def __init__(self, scope: Any) -> None: ...
    async def __call__(self, receive: Any, send: Any) -> None: ...


def asgi2(scope: Any) -> Any: ...


def decorated(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


def configured(config: Any) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None: ...

    return app


class Mangled:
    """Passes everything through, as proxies and mocks do."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        return []


def find(app: Any, interface: str = "auto") -> str:
    """The name of the gateway; ValueError with the text of the refusal."""
    name: str = _fake_transport.open(app, {"server": {"app": "m:a", "interface": interface}})
    _fake_transport.close()
    return name


class Detect(unittest.TestCase):
    """pel_gateway_find"""

    def test_wsgi(self) -> None:
        for app in (
            wsgi, wsgi_extra, wsgi_any, WsgiClass, WsgiObject(), WsgiObject().method, Mangled(),
            WsgiObject.static, WsgiObject.of_class, functools.partial(wsgi_configured, 1),
            functools.partial(wsgi_extra, extra=1), functools.partial(functools.partial(wsgi)),
            functools.partial(WsgiObject()), decorated(wsgi), decorated(decorated(wsgi)),
            lambda e, s: [], dict, print,
        ):  # fmt: skip
            self.assertEqual(find(app), "wsgi", app)

    def test_asgi(self) -> None:
        for app in (
            asgi, asgi_sync, AsgiClass, AsgiObject(), AsgiObject().method, AsgiChild(),
            AsgiSyncObject(), functools.partial(asgi), functools.partial(AsgiObject()),
            decorated(asgi), decorated(asgi_sync), configured(1),
            lambda scope, receive, send: None,
        ):  # fmt: skip
            with self.subTest(app=app):
                self.assertEqual(self.asgi_name(app), "asgi")

    def asgi_name(self, app: Any) -> str:
        try:
            return find(app)
        except ValueError as exc:
            # Without a gateway for it, ASGI is at least not taken for WSGI.
            self.assertIn("no gateway accepts it", str(exc))
            return "asgi"

    def test_refused(self) -> None:
        for app, why in (
            (asgi2, "double callables of ASGI 2"),
            (Asgi2Class, "double callables of ASGI 2"),
            (5, "is not callable"),
            (None, "is not callable"),
            (lambda: None, "takes neither"),
            (lambda a, b, c, d: None, "takes neither"),
        ):
            with self.assertRaisesRegex(ValueError, f"^server.app m:a: .*{why}"):
                find(app)

    def test_by_name(self) -> None:
        self.assertEqual(find(asgi_sync, "wsgi"), "wsgi")
        with self.assertRaisesRegex(ValueError, "not callable"):
            find(5, "wsgi")


if __name__ == "__main__":
    unittest.main()
