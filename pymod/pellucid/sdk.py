"""Notices the import of an OpenTelemetry SDK in an app that is already served.

Many apps import it at the first request, or when their lifespan starts. One finder ahead of all
others sees the name come by, once, and is gone; requests pay nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

MODULE = "opentelemetry.sdk.trace"


class Finder:
    """A meta path finder that finds nothing.

    on_import: called once, when MODULE is about to be imported, by whoever imports it.
    """

    def __init__(self, on_import: Callable[[], None]) -> None:
        self._on_import = on_import

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """None: the others look for it (importlib.abc.MetaPathFinder)."""
        if name == MODULE:
            self.remove()
            self._on_import()
        return None

    def remove(self) -> None:
        """No longer looks; the import system may be going over the present list."""
        sys.meta_path = [finder for finder in sys.meta_path if finder is not self]


def watch(on_import: Callable[[], None]) -> Finder:
    """Calls on_import when the SDK is imported, unless the finder is removed before."""
    finder = Finder(on_import)
    sys.meta_path.insert(0, finder)
    return finder
