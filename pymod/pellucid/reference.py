"""The references, made from the tables: conf/pellucid.toml, README.md and logs.md.

tests/integration/test_config.py fails when the committed files are not what this makes.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable

from . import _conf, directives, toml
from .directives import Directive

WIDTH = 100

TOML_HEAD = """\
# pellucid.toml: every directive, with its default. Uncomment what you change.
# Generated: pellucid config --reference toml > conf/pellucid.toml
#
# Durations are "250ms", "10s", "1.5m", "2h", "1d", or a number of seconds; sizes are "512B",
# "64KiB", "1MB", or a number of bytes. Every key can also be given on the command line:
# --set section.key=value. A reload (SIGHUP) takes every key
# over but those marked "Restart".
"""

MARKDOWN_HEAD = """\
# The directives of pellucid.toml

Generated from `include/pellucid/tbl/` by `pellucid config --reference markdown`; do not edit.

The file is TOML. It is the one named with `-c`, else `pellucid.toml` in the working directory,
if there is one. Flags win over the file, the file over `OTEL_*` variables, those over the
defaults. An unknown key, a wrong type or a value out of range stops a start or a reload with one
line that says what is allowed. `pellucid check` tells beforehand, `pellucid config` prints every
effective value and where it came from.

- **duration**: `"250ms"`, `"10s"`, `"1.5m"`, `"2h"`, `"1d"`, or a number of seconds
- **size**: `"512B"`, `"64KiB"`, `"1MB"`, or a number of bytes (kB, MB, GB are powers of 1000)
- Relative paths are relative to the working directory of the server, not to the file.
- A reload (SIGHUP) takes over every directive but those marked "restart".
"""


LOGS_HEAD = """\
# The lines of the server's own log

Generated from `include/pellucid/tbl/logs.h` by `pellucid config --reference logs`; do not edit.

Each line has a code that stays what it is from version to version, so that it can be looked for,
counted and alarmed about; the words behind it may change. In text format (`[log] format`)

    2026-11-22T15:30:00.123Z error PEL501 worker 3[1234] GET /orders/7 raised KeyError: 'user'

and as JSON the fields `time` (UTC), `level`, `code`, `process`, `message`, and `detail` where a
traceback belongs to the line. What the app writes to standard error stands between them as it is.
"""


def as_toml() -> str:
    """conf/pellucid.toml"""
    parts = [TOML_HEAD]
    for name, table in directives.sections().items():
        parts += [f"\n[{name}]\n", *(_toml_entry(d) for d in table)]
    parts.append("\n# One for each kind of request that is to be treated differently; the first")
    parts.append(" that matches counts.\n# [[route]]\n")
    parts += [_toml_entry(d) for d in _route_keys()]
    return "".join(parts)


def _toml_entry(directive: Directive) -> str:
    notes = "" if directive.is_live else "Restart. "
    if directive.type not in ("bool", "pairs", "string"):
        notes += f"Allowed: {_accepts(directive)}."
    comment = _comment(directive.text) + (_comment(notes.rstrip()) if notes else "")
    return f"\n{comment}# {directive.key} = {_default(directive)}\n"


def _comment(text: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent="# ", subsequent_indent="# ") + "\n"


def _accepts(directive: Directive) -> str:
    """Without the examples that an error line gives; the head of the reference has them."""
    return directive.accepts.partition(", such as ")[0]


def _default(directive: Directive) -> str:
    return toml.dumps(_EXAMPLES.get(directive.name) or directive.default_value())


# For keys without a default of their own.
_EXAMPLES = {"route.match": "GET /orders/*", "route.slow": "200ms", "route.trace_ratio": 0.1}


def as_markdown() -> str:
    """conf/README.md"""
    parts = [MARKDOWN_HEAD]
    for name, table in directives.sections().items():
        parts += [f"\n## [{name}]\n\n", *_markdown_table(table)]
    parts.append("\n## [[route]]\n\nThe first one that matches a request counts.\n\n")
    parts += _markdown_table(_route_keys())
    return "".join(parts)


def _markdown_table(table: Iterable[Directive]) -> list[str]:
    rows = ["| key | default | allowed | meaning |\n", "|---|---|---|---|\n"]
    for d in table:
        default = "" if d.default is None else f"`{toml.dumps(d.default_value())}`"
        meaning = d.text if d.is_live else f"{d.text} *(restart)*"
        cells = [f"`{d.key}`", default, _accepts(d), meaning]
        rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n")
    return rows


def _route_keys() -> list[Directive]:
    return [d for d in directives.table() if d.section == "route"]


def as_logs() -> str:
    """conf/logs.md"""
    rows = [f"| {row['code']} | {row['level']} | {row['meaning']} |\n" for row in _conf.logs()]
    return "".join([LOGS_HEAD, "\n| code | level | when, and what to do |\n|---|---|---|\n", *rows])


FORMATS: dict[str, Callable[[], str]] = {
    "toml": as_toml,
    "markdown": as_markdown,
    "logs": as_logs,
}
