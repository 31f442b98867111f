"""The directive table (include/pellucid/tbl/) as Python sees it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from typing import Any

from . import _conf

PLAIN = (str, int, float, bool, list, dict)


@dataclass(frozen=True)
class Directive:
    """One key of pellucid.toml.

    type: "bool", "count", "duration", "size", "ratio", "enum", "string", "strings" or "pairs".
    default: its text, or None when an unset key means what another key says. accepts: what may be
    written, in words. is_live: a reload takes a new value over. is_secret: not to be shown.
    """

    section: str
    key: str
    type: str
    default: str | None
    accepts: str
    is_live: bool
    is_secret: bool
    text: str

    @property
    def name(self) -> str:
        """section.key"""
        return f"{self.section}.{self.key}"

    def default_value(self) -> Any:
        """The default as tomllib would have read it."""
        text = self.default or ""
        if self.type == "strings":
            return text.split()
        if self.type == "pairs":
            return {}
        if self.type in ("bool", "count", "ratio"):
            return _toml_value(text)
        return text

    def value_of(self, text: str) -> Any:
        """The value that text, from the command line, means: TOML, else a string."""
        if self.type in ("string", "enum") and not text.startswith(('"', "'")):
            return text
        value = _toml_value(text)
        return [value] if self.type == "strings" and isinstance(value, str) else value


def _toml_value(text: str) -> Any:
    try:
        document = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    value = document.pop("value")
    return text if document or not isinstance(value, PLAIN) else value


@cache
def table() -> tuple[Directive, ...]:
    """Every directive in the order of the file; those of a [[route]] have the section "route"."""
    return tuple(Directive(**row) for row in _conf.directives())


@cache
def sections() -> dict[str, tuple[Directive, ...]]:
    """The directives by section, [[route]] not among them."""
    names = dict.fromkeys(d.section for d in table() if d.section != "route")
    return {name: tuple(d for d in table() if d.section == name) for name in names}


def find(name: str) -> tuple[Directive | None, str]:
    """The directive that a dotted name means, and what follows it: the name of a pair.

    "server.env.DEBUG" is (server.env, "DEBUG"); unknown names give (None, "").
    """
    for directive in table():
        if name == directive.name and directive.section != "route":
            return directive, ""
        if directive.type == "pairs" and name.startswith(directive.name + "."):
            return directive, name[len(directive.name) + 1 :]
    return None, ""
