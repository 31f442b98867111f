"""The OpenTelemetry SDK of an app that has one: what it traces is below our span of the request.

Its instrumentation of frameworks makes a SERVER span where no span is current, and an INTERNAL one
below the current span otherwise (opentelemetry.instrumentation.utils). So we make ours the current
one: then there is one SERVER span a request, ours, and the sampling decision is shared.

Imported by a gateway that finds the SDK loaded, or when the app loads it: src/gateway/api_bridge.c.
"""

from __future__ import annotations

from opentelemetry.context import attach
from opentelemetry.propagate import extract

from ._server import carrier


def enter() -> None:
    """Makes the request's span, with its tracestate and baggage, current in this context.

    By the app's own propagators, which read what `trace.propagators` hands on. Nobody detaches it:
    the context ends with the task, and the next request of a thread attaches its own.
    """
    attach(extract(dict(carrier())))
