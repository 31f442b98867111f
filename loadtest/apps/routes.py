"""An app with as many routes as it is asked for: what a scrape of /metrics is measured with."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

import pellucid


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Every path is a route of its own; the answer is the worker's pid."""
    request = pellucid.request()
    if request is not None:
        request.route = f"/api/v1/customers{environ['PATH_INFO']}/orders/{{order_id}}"
    body = str(os.getpid()).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
