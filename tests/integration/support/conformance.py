"""The app of tests/apps/conformance, and what it shows of a request."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rawhttp import Client
from support.wire import Address
from support.worker import Worker


@dataclass(frozen=True)
class Served:
    """A running worker with the app."""

    address: Address
    gateway: str  # "wsgi" or "asgi"

    @property
    def is_wsgi(self) -> bool:
        return self.gateway == "wsgi"


def serve(module_worker: Callable[..., Worker], gateway: str) -> Served:
    """Starts a worker with the app; gateway is "wsgi" or "asgi"."""
    running = module_worker(
        f"conformance.{gateway}_app:app",
        {
            "server": {"threads": 4},
            "http": {"header_timeout": "1s", "body_timeout": "1s", "max_body_size": "8MiB"},
        },
    )
    return Served(running.address, gateway)


def shown(client: Client, request: bytes) -> dict[str, Any]:
    """What the app sees of a request for a path that it does not know: environ, or scope."""
    client.send(request)
    res = client.response()
    assert res.status == 200, res
    show: dict[str, Any] = json.loads(res.body)
    return show


def headers_of(served: Served, show: dict[str, Any], name: str) -> list[str]:
    """What the app sees of a request header, whatever its gateway."""
    if served.is_wsgi:
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + key
        return [str(show[key])] if key in show else []
    return [v for k, v in show["headers"] if k == name.lower()]
