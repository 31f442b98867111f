"""What an app can ask and tell its server: `import pellucid`.

The current request follows the app: through tasks, `asyncio.to_thread`, thread pools and
`loop.run_in_executor`, generator responses and background tasks. Only a bare `threading.Thread`
begins without one. Any thread may use all of it.

In a process that serves, the objects are those of the server (`_server`, src/gateway/api.h); in any
other, those of `inert`, which do nothing.
"""

from __future__ import annotations

import functools
import inspect
import logging
import sys
from collections.abc import Callable, MutableMapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

# The server's processes have loaded their module before they import the app.
if TYPE_CHECKING or "pellucid._server" not in sys.modules:
    from .inert import (
        Counter,
        Histogram,
        Request,
        Span,
        carrier,
        current,
        ids,
        request,
        set_current,
    )
else:
    from ._server import (
        Counter,
        Histogram,
        Request,
        Span,
        carrier,
        current,
        ids,
        request,
        set_current,
        use,
    )

    use()

from .instruments import counter, histogram

__all__ = [
    "Counter",
    "Histogram",
    "LogFilter",
    "Request",
    "Span",
    "counter",
    "histogram",
    "inject",
    "log_filter",
    "request",
    "span",
]

span = Span

_P = ParamSpec("_P")
_T = TypeVar("_T")


def inject(headers: MutableMapping[str, str]) -> None:
    """Makes an outgoing call a child of the current span.

    headers: the call's header fields, which get those of every format that `trace.propagators` has:
    traceparent and tracestate, baggage, b3, x-b3-*, uber-trace-id. Outside a request they stay as
    they are.
    """
    for name, value in carrier():
        headers[name] = value


class LogFilter(logging.Filter):
    """Puts `trace_id` and `span_id` on every record, in hex; "" outside a request.

    Add it to handlers, since filters of loggers do not see what comes from below:
    `handler.addFilter(pellucid.log_filter)`, or `{"()": "pellucid.api.LogFilter"}` in dictConfig.
    What a QueueHandler has put on a record, the handlers behind its queue leave as it is.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Never drops a record."""
        found = ids()
        if found or not hasattr(record, "trace_id"):
            record.trace_id, record.span_id = found or ("", "")
        return True


log_filter = LogFilter()


def _decorate(template: Span, function: Any) -> Any:
    """The server's Span.__call__: function with a span like template around each call."""
    if isinstance(function, staticmethod | classmethod):
        return type(function)(_decorate(template, function.__func__))
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def spanned_coroutine(*args: Any, **kwargs: Any) -> Any:
            with template._again():
                return await function(*args, **kwargs)

        return spanned_coroutine

    @functools.wraps(function)
    def spanned(*args: Any, **kwargs: Any) -> Any:
        with template._again():
            return function(*args, **kwargs)

    return spanned


# --- thread pools, which do not copy contexts ---


def _carry(scope: object, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Calls fn with scope as the current one."""
    before = set_current(scope)
    try:
        return fn(*args, **kwargs)
    finally:
        set_current(before)


def _follow_pools() -> None:
    """Has ThreadPoolExecutor, and so run_in_executor, take the current request along."""
    submit = ThreadPoolExecutor.submit

    def submit_carrying(
        self: ThreadPoolExecutor, fn: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Future[Any]:
        scope = current()
        if scope is None:
            return submit(self, fn, *args, **kwargs)
        return submit(self, _carry, scope, fn, *args, **kwargs)

    submit_carrying.__doc__ = submit.__doc__
    setattr(ThreadPoolExecutor, "submit", submit_carrying)  # noqa: B010


if "pellucid._server" in sys.modules:
    _follow_pools()
