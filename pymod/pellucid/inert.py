"""The API outside the server: each name of `_server` that `api` needs, doing nothing."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar, final

_F = TypeVar("_F", bound=Callable[..., Any])


@final
class Request:
    """The request that is being answered; made by the server only.

    Once the request is over the object is inert: its ids stay, what is set counts for nothing, and
    `phases` is empty.
    """

    __slots__ = ()

    def __init__(self) -> None:
        raise TypeError("a Request comes from pellucid.request()")

    @property
    def trace_id(self) -> str:
        """The id of the trace: 32 hex digits."""
        raise NotImplementedError

    @property
    def span_id(self) -> str:
        """The id of the request's SERVER span: 16 hex digits."""
        raise NotImplementedError

    @property
    def route(self) -> str | None:
        """The route template of metrics and spans (`http.route`).

        Set it where the server cannot know it; it comes before what a `[[route]]` or the framework
        says, and must be a template, one of few: never a path with ids in it. None takes it back.
        A framework's own template is there once the response has begun.
        """
        raise NotImplementedError

    @route.setter
    def route(self, value: str | None) -> None:
        raise NotImplementedError

    @property
    def phases(self) -> dict[str, float]:
        """Seconds so far: "head", "body" (read before the app was called), "queue", "app"; these
        follow each other. "total" counts from the first byte received until now. "cpu" is what the
        app has used of its thread's CPU, part of "app"; it is there where it is known to a tenth,
        and asked for on the request's own thread."""
        raise NotImplementedError

    def set(self, key: str, value: str | bool | int | float, /) -> None:
        """Sets an attribute of the request's span.

        The last value of a key counts. At most 32 attributes and 4 KiB a request, keys up to 128
        and texts up to 1,024 bytes: texts are cut, and what finds no room is left out. Other values
        count as str(value). The server's own attributes cannot be replaced.
        """
        raise NotImplementedError

    def keep(self) -> None:
        """Has the request's span exported, whatever sampling has decided; its attribute
        `pellucid.sampling.reason` is "kept" then."""
        raise NotImplementedError


@final
class Span:
    """A piece of the app's work, as a span below that of the request or of the span around it.

        with pellucid.span("load orders", customer=17) as span:  # or async with
            span.set("orders", len(load()))

        @pellucid.span("price")  # functions and coroutine functions
        def price(order): ...

    It costs next to nothing while the request is neither sampled nor kept: then nothing is
    recorded. Attributes are as those of Request.set(). An Exception that leaves the block is
    recorded, and makes the span a failed one.
    """

    __slots__ = ()

    def __init__(self, name: str, /, **attributes: str | bool | int | float) -> None: ...

    def __enter__(self) -> Span:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

    async def __aenter__(self) -> Span:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

    def __call__(self, function: _F, /) -> _F:
        """Makes each call of function a span of its own; of a generator function, the call only."""
        return function

    def set(self, key: str, value: str | bool | int | float, /) -> None:
        """Sets an attribute while the span is open."""

    def _again(self) -> Span:
        return self


class Counter:
    """A sum that only grows, such as orders placed: see pellucid.counter()."""

    __slots__ = ()

    def __init__(self, name: str, unit: str, description: str, /) -> None: ...

    def add(self, amount: float, /, **attributes: str | bool | int | float) -> None:
        """Adds amount, in the counter's unit, to the sum of these attributes.

        An amount that is negative or not finite counts for nothing. There may be up to 8 attributes
        of 244 bytes together, and some hundred sets of them in the whole app: what finds no room is
        counted with `otel.metric.overflow` as its only attribute. Never use ids.
        """


class Histogram:
    """How values are spread, such as the time jobs take: see pellucid.histogram()."""

    __slots__ = ()

    def __init__(
        self, name: str, unit: str, description: str, boundaries: tuple[float, ...], /
    ) -> None: ...

    def record(self, value: float, /, **attributes: str | bool | int | float) -> None:
        """Records value, in the histogram's unit; attributes are as those of Counter.add()."""


def request() -> Request | None:
    """The request that is being answered, or None outside of one."""
    return None


def current() -> object | None:
    """What set_current() takes in another thread."""
    return None


def set_current(scope: object | None, /) -> object | None:
    """Makes scope the current one in this context; returns what was."""
    return None


def carrier() -> tuple[tuple[str, str], ...]:
    """Header fields that hand the trace on."""
    return ()


def ids() -> tuple[str, str] | None:
    """Trace id and span id, in hex."""
    return None
