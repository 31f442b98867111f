"""Counters and histograms of the app's own: making them.

They are OpenTelemetry's instruments of these names (specification, metrics/api). In a worker their
values go into shared memory, where they outlive it; the sums are over all workers.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING or "pellucid._server" not in sys.modules:
    from .inert import Counter, Histogram
else:
    from ._server import Counter, Histogram

_MAX = 64  # include/pellucid/instrument.h
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.\-/]{0,62}")
_OURS = re.compile(r"(pellucid|http_server|process|cpython|otel|target)(_|$)")
_UNITS = {"s": "_seconds", "By": "_bytes"}  # src/observer/exposition.c
# What the HTTP semantic conventions recommend for durations, in seconds; OpenTelemetry's default.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_DEFAULT = (
    0.0,
    5.0,
    10.0,
    25.0,
    50.0,
    75.0,
    100.0,
    250.0,
    500.0,
    750.0,
    1e3,
    2.5e3,
    5e3,
    7.5e3,
    1e4,
)

# By their names, however these are written. What each was made with, and the instrument.
_made: dict[str, tuple[tuple[object, ...], Counter | Histogram]] = {}
# The names as Prometheus has them, and whose they are.
_families: dict[str, str] = {}
_lock = threading.Lock()


def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]", "_", name.lower())


def _families_of(kind: type[Counter] | type[Histogram], name: str, unit: str) -> list[str]:
    """The names it takes: in OpenMetrics, and in the text format, which has a counter's _total."""
    suffix = _UNITS.get(unit, "")
    if kind is Counter:
        name = re.sub("[^A-Za-z0-9]total$", "", name).removesuffix(".count")
    family = _plain(name).removesuffix(suffix) + suffix
    return [family, family + "_total"] if kind is Counter else [family]


def _check(name: str, unit: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is no name of an instrument: a letter, then up to 62 letters, digits "
            "or any of _ . - /"
        )
    if _OURS.match(_plain(name)):
        raise ValueError(f"{name!r} is among the names of the server's own metrics")
    if len(unit) > 63 or not unit.isascii() or not unit.isprintable():
        raise ValueError(f"{unit!r} is no unit: up to 63 ASCII characters, as UCUM has them")
    if unit == "ns":
        raise ValueError("measure in seconds: unit 's'")


def _make(
    kind: type[Counter] | type[Histogram],
    name: str,
    unit: str,
    description: str,
    *boundaries: tuple[float, ...],
) -> Counter | Histogram:
    _check(name, unit)
    key, families = _plain(name), _families_of(kind, name, unit)
    how = (kind, name, unit, *boundaries)
    with _lock:
        if key not in _made:
            for family in families:
                if family in _families:
                    raise ValueError(
                        f"{name!r} is {family} to Prometheus, as {_families[family]!r} is"
                    )
            if len(_made) == _MAX:
                raise ValueError(f"{name!r}: there are {_MAX} instruments already")
            made = kind(name, unit, " ".join(description.replace("\0", "").split()), *boundaries)
            _made[key] = (how, made)
            _families.update(dict.fromkeys(families, name))
        before, instrument = _made[key]
    if before != how:
        raise ValueError(f"{name!r} was made before, as something else: {before[1:]}")
    return instrument


def counter(name: str, *, unit: str = "", description: str = "") -> Counter:
    """A counter of that name: the same one each time it is asked for.

    name: as OpenTelemetry has it ("shop.orders"); unit: UCUM ("{order}", "By", "s"); description:
    one line, of which 191 bytes are kept. Make it where modules are made, not for each request.
    Raises ValueError for a bad name or unit, one of the server's own, one that was made as
    something else, and for more than 64 of them.
    """
    made = _make(Counter, name, unit, description)
    assert isinstance(made, Counter)
    return made


def histogram(
    name: str,
    *,
    unit: str = "s",
    description: str = "",
    boundaries: Sequence[float] | None = None,
) -> Histogram:
    """A histogram of that name; arguments and errors are as those of counter().

    boundaries: upper bounds of the buckets, ascending, 15 at most. Without, those of durations
    (5 ms to 10 s) where the unit is "s", and OpenTelemetry's (0 to 10,000) for others.
    """
    bounds = tuple(map(float, _default(unit) if boundaries is None else boundaries))
    if len(bounds) > 15 or list(bounds) != sorted(set(bounds)) or not all(map(isfinite, bounds)):
        raise ValueError(f"{name!r}: boundaries are up to 15 finite numbers, ascending")
    made = _make(Histogram, name, unit, description, bounds)
    assert isinstance(made, Histogram)
    return made


def _default(unit: str) -> tuple[float, ...]:
    return _SECONDS if unit == "s" else _DEFAULT
