"""Pellucid: an application server for Python that you can see through.

What an app may use of it is in `pellucid.api`, and can be imported from here. Everything works
outside the server, too, where it does nothing; so tests and scripts run as they are.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._conf import version as __version__
    from .api import (
        Counter,
        Histogram,
        Request,
        Span,
        counter,
        histogram,
        inject,
        log_filter,
        request,
        span,
    )

__all__ = [
    "Counter",
    "Histogram",
    "Request",
    "Span",
    "__version__",
    "counter",
    "histogram",
    "inject",
    "log_filter",
    "request",
    "span",
]


def _attribute(name: str) -> Any:
    """What is not here yet: an app that uses nothing of the API does not pay for its import."""
    if name == "__version__":
        value: Any = _version()
    elif name in __all__:
        from . import api

        value = getattr(api, name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


if not TYPE_CHECKING:  # to a checker, any name would be one of the module's
    __getattr__ = _attribute


def _version() -> str:
    try:
        from ._conf import version
    except ImportError:  # the package as it is in the sources, without its extension modules
        return "unknown"
    return version
