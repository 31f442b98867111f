"""The OpenTelemetry SDK of an app that has one: what it traces is below our span of the request.

Its instrumentation of frameworks makes a SERVER span where no span is current, and an INTERNAL one
below the current span otherwise (opentelemetry.instrumentation.utils). So we make ours the current
one: then there is one SERVER span a request, ours, and the sampling decision is shared. A framework
that traces by itself (FastAPI) takes the parent from the headers, and is told so here.

Spans of `pellucid.span` and the SDK's nest in each other.

Imported by a gateway that finds the SDK loaded, or when the app loads it: src/gateway/api_bridge.c.
"""

from __future__ import annotations

import functools
import sys
from typing import Any

from opentelemetry.context import Context, attach, get_current
from opentelemetry.propagate import extract
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    TraceFlags,
    get_current_span,
    set_span_in_context,
)

from ._server import request
from .sdk import MODULE

_is_one_server = False


def enter(fields: tuple[tuple[str, str], ...]) -> None:
    """Makes the request's span, with its tracestate and baggage, current in this context.

    fields: those of a call in the request's span. The app's own propagators read them, which are
    what `trace.propagators` hands on. Nobody detaches it: the context ends with the task, and the
    next request of a thread attaches its own, which has nothing of this one.
    """
    if not _is_one_server:
        _have_one_server()
    attach(extract(dict(fields), Context()))


def enter_span(trace_id: bytes, span_id: bytes, flags: int) -> Context:
    """Makes a span of ours current; what was so before is for leave_span.

    No token of attach: that is good in the context of its task only, and refers to it, and so to
    our span, which is the current one there: a cycle where it is never left.

    trace_id, span_id: 16 and 8 bytes. flags: trace-flags (W3C Trace Context).
    """
    before = get_current()
    around = get_current_span(before).get_span_context()
    trace = int.from_bytes(trace_id, "big")
    context = SpanContext(
        trace,
        int.from_bytes(span_id, "big"),
        is_remote=False,
        trace_flags=TraceFlags(flags),
        trace_state=around.trace_state if around.trace_id == trace else None,
    )
    attach(set_span_in_context(NonRecordingSpan(context), before))
    return before


def leave_span(before: Context) -> None:
    """What was current before enter_span is so again."""
    attach(before)


def innermost(trace_id: bytes) -> bytes | None:
    """The id of the current span, if that is sampled and of this trace."""
    context = get_current_span().get_span_context()
    if not context.trace_flags.sampled or context.trace_id != int.from_bytes(trace_id, "big"):
        return None
    span_id: bytes = context.span_id.to_bytes(8, "big")
    return span_id


def _is_request(context: SpanContext) -> bool:
    """Is it that of the request that is being answered?"""
    ours = request()
    return (
        ours is not None
        and context.span_id == int(ours.span_id, 16)
        and context.trace_id == int(ours.trace_id, 16)
    )


def _have_one_server() -> None:
    """Has SERVER spans right below ours be INTERNAL, once the SDK is loaded."""
    global _is_one_server
    module = sys.modules.get(MODULE)
    tracer = getattr(module, "Tracer", None)
    if tracer is None:  # is being imported
        return
    start_span = tracer.start_span

    @functools.wraps(start_span)
    def start_span_below(
        self: Any,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        if kind is SpanKind.SERVER and _is_request(get_current_span(context).get_span_context()):
            kind = SpanKind.INTERNAL
        return start_span(self, name, context, kind, *args, **kwargs)

    tracer.start_span = start_span_below
    _is_one_server = True
