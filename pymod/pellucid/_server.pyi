"""The serving processes: supervisor, template, worker. What each function does: pymod/_server.c."""

from collections.abc import Callable
from typing import Any

# The names of `inert`, as a process that serves has them.
from .inert import Counter as Counter
from .inert import Histogram as Histogram
from .inert import Request as Request
from .inert import Span as Span
from .inert import carrier as carrier
from .inert import current as current
from .inert import ids as ids
from .inert import request as request
from .inert import set_current as set_current

_Reading = tuple[dict[str, Any], dict[str, str], str, str]

def supervise(
    first: _Reading, reread: Callable[[], _Reading], python: list[str], argv: list[str], /
) -> int: ...
def use() -> None: ...
def template_open(
    doc: dict[str, Any], control: int, shm: int, event: int, access: int, listen: list[int], /
) -> None: ...
def template_serve() -> bool: ...
def start_failed(why: str, text: str, /) -> None: ...
def work(app: object, /) -> bool: ...
def changed(control: int, path: str, /) -> None: ...
def hear(control: int, /) -> bool: ...
def run_worker(
    doc: dict[str, Any], app: object, listeners: list[int], access_fd: int = -1
) -> None: ...
def interface(doc: dict[str, Any], app: object, /) -> str: ...
