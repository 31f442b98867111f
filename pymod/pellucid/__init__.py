"""Pellucid: an application server for Python that you can see through."""

from ._conf import version as __version__

__all__ = ["__version__"]
