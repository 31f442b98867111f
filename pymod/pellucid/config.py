"""The configuration of this start: flags, file, OTEL_* environment, in this order of precedence.

The rest is default. What comes out is the document as tomllib would have read it, with a note of
where each value came from; the C side checks it and fills the defaults in (pel_conf_load).
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from . import _conf, directives, otel

DEFAULT_FILE = "pellucid.toml"


class ConfigError(Exception):
    """A configuration that cannot be used; str() is the one line to show.

    is_usage: the fault is in the command line, not in a file.
    """

    def __init__(self, line: str, is_usage: bool = False) -> None:
        super().__init__(line)
        self.is_usage = is_usage


class Flag(NamedTuple):
    """A setting from the command line: dotted name, text as given, and what it was given with."""

    name: str
    text: str
    source: str


class Arguments(Protocol):
    """What load() reads of a parsed command line (an argparse.Namespace of pellucid.cli)."""

    config: str | None
    flags: list[Flag]


@dataclass
class Effective:
    """A checked configuration.

    doc: {section: {key: value}} with what was set; a key that is not there has its default.
    sources: where values came from, by dotted name; "" is the file, and the source of whatever is
    not named. warnings: lines to log, about what was ignored.
    """

    doc: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def has(self, name: str) -> bool:
        """Is that key, or that pair of a table, set?"""
        directive, pair = directives.find(name)
        if directive is None:
            return False
        section = self.doc.get(directive.section)
        if not isinstance(section, dict) or directive.key not in section:
            return False
        return not pair or pair in section[directive.key]

    def put(self, name: str, value: Any, source: str) -> None:
        """Sets a key, or one pair of a table; a name that is unknown is left to the check."""
        directive, pair = directives.find(name)
        section, _, key = name.partition(".")
        if section not in self.doc:
            self.doc[section] = {}
            self.sources[section] = source
        keys = self.doc[section]
        if not isinstance(keys, dict):
            return
        if directive is not None and pair:
            keys, key = keys.setdefault(directive.key, {}), pair
            if not isinstance(keys, dict):
                return
        keys[key] = value
        self.sources[name] = source

    def source(self, name: str) -> str:
        """Where the value of a directive comes from: a file, variable or flag, or "default"."""
        if name in self.sources:
            return self.sources[name]
        return self.sources[""] if self.has(name) else "default"


def load(arguments: Arguments, environ: Mapping[str, str] = os.environ) -> Effective:
    """Reads file and environment, lays the flags over them and checks the whole.

    To be called again for a reload. Raises ConfigError.
    """
    effective = Effective(sources={"": "command line"})
    path = find_file(arguments.config)
    if path is not None:
        effective.doc = _read(path)
        effective.sources[""] = str(path)
    for flag in arguments.flags:
        _put_flag(effective, flag)
    for setting in otel.settings(environ, effective.has, effective.warnings):
        effective.put(setting.name, setting.value, setting.source)
    _check(effective, arguments)
    return effective


def find_file(named: str | None) -> Path | None:
    """The file to read: the one named, else ./pellucid.toml, or None when there is none."""
    if named is not None:
        return Path(named)
    path = Path(DEFAULT_FILE)
    return path if path.exists() else None


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: byte {error.start} is not UTF-8") from None
    except RecursionError:
        raise ConfigError(f"{path}: nested too deeply") from None


def _put_flag(effective: Effective, flag: Flag) -> None:
    directive, pair = directives.find(flag.name)
    if directive is None or pair:
        effective.put(flag.name, flag.text, flag.source)
        return
    value = directive.value_of(flag.text)
    # A flag of its own may be given several times (--bind); --set replaces.
    if directive.type == "strings" and effective.sources.get(flag.name) == flag.source != "--set":
        value = effective.doc[directive.section][directive.key] + value
    effective.put(flag.name, value, flag.source)


def _check(effective: Effective, arguments: Arguments) -> None:
    try:
        _conf.check(effective.doc, effective.sources)
    except ValueError as error:
        line = str(error)
        is_usage = any(line.startswith(f"{flag.source}: ") for flag in arguments.flags)
        raise ConfigError(line, is_usage) from None
    _check_certificates(effective)


def _check_certificates(effective: Effective) -> None:
    """Raises ConfigError for a file of [otlp] that cannot be read: an export would only say so much
    later. That the contents are good is for the one who uses them to find out."""
    otlp = effective.doc.get("otlp", {})
    for prefix in ("", *(f"{signal}_" for signal in otel.EXPORTERS)):
        own, general = f"{prefix}client_certificate", "client_certificate"
        if otlp.get(f"{prefix}client_key") and not (otlp.get(own) or otlp.get(general)):
            source = effective.source(f"otlp.{prefix}client_key")
            raise ConfigError(f"{source}: otlp.{prefix}client_key is set, but otlp.{own} is not")
        for name in ("certificate", "client_certificate", "client_key"):
            if path := otlp.get(prefix + name):
                _check_readable(effective, f"otlp.{prefix}{name}", path)


def _check_readable(effective: Effective, name: str, path: str) -> None:
    try:
        with open(path, "rb"):
            pass
    except OSError as error:
        source = effective.source(name)
        raise ConfigError(f'{source}: {name}: cannot read "{path}": {error.strerror}') from None
