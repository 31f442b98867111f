"""The command line: `pellucid [APP] [-c FILE] [flags]` and its commands.

Exit status: 0 when all is well, 1 for a fault at start-up, 2 for wrong usage.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, NoReturn

from . import __version__, config
from .config import ConfigError, Flag

EXIT_FAULT = 1
EXIT_USAGE = 2


class Option(NamedTuple):
    """A flag of its own for a directive. value: the text it stands for, of a flag without one."""

    flag: str
    directive: str
    metavar: str
    help: str
    value: str | None = None


OPTIONS = (
    Option("--bind", "server.bind", "ADDRESS", "host:port, [::]:port, unix:/path (repeatable)"),
    Option("--workers", "server.workers", "N", "worker processes, or auto"),
    Option("--threads", "server.threads", "N", "application threads of a worker (WSGI)"),
    Option("--interface", "server.interface", "NAME", "wsgi, asgi or auto"),
    Option("--preload", "server.preload", "", "import the app before the workers fork", "true"),
    Option("--reload", "server.reload", "", "reload when the code changes (development)", "true"),
    Option("--access-log", "http.access_log", "PATH", "path, - (standard output) or off"),
    Option("--log-level", "log.level", "LEVEL", "debug, info, warning or error"),
)


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Ends the process with the status of wrong usage."""
        self.exit(EXIT_USAGE, f"pellucid: {message} (see {self.prog} --help)\n")


class Setting(argparse.Action):
    """Appends a Flag to namespace.flags; const is an Option, or None for --set."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Called by argparse for each flag, in the order of the command line."""
        if self.const is None:
            name, equals, text = values.partition("=")
            if not equals or not all(name.partition(".")):
                parser.error(f'--set: found "{values}", allowed is section.key=value')
            flag = Flag(name, text, "--set")
        else:
            text = values if self.const.value is None else self.const.value
            flag = Flag(self.const.directive, text, self.const.flag)
        namespace.flags = [*namespace.flags, flag]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line argv (without the program's name) and returns the exit status."""
    args = list(sys.argv[1:] if argv is None else argv)
    name = args[0] if args and args[0] in COMMANDS else ""
    parser = _parser(name)
    namespace = parser.parse_args(args[1:] if name else args)
    if not name and namespace.app and namespace.app in COMMANDS:
        parser.error(f"a command comes first: pellucid {namespace.app} ...")
    if namespace.app is not None:
        namespace.flags = [Flag("server.app", namespace.app, "APP"), *namespace.flags]
    try:
        return COMMANDS[name].run(namespace)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return EXIT_USAGE if error.is_usage else EXIT_FAULT
    except KeyboardInterrupt:
        return 128 + 2


def _serve(namespace: argparse.Namespace) -> int:
    reread = partial(config.load, namespace)
    effective = reread()
    if not effective.has("server.app"):
        raise ConfigError(
            f"no app: name one, as in `pellucid shop.wsgi:application`, or set server.app in "
            f"{namespace.config or config.DEFAULT_FILE}",
            is_usage=True,
        )
    # Not before it is needed: it loads the server.
    from . import supervisor

    return supervisor.run(effective, reread)


def _check(namespace: argparse.Namespace) -> int:
    from . import check

    effective = config.load(namespace)
    _warn(effective)
    return check.run(effective)


def _config(namespace: argparse.Namespace) -> int:
    from . import reference, show

    if namespace.reference:
        sys.stdout.write(reference.FORMATS[namespace.reference]())
        return 0
    effective = config.load(namespace)
    _warn(effective)
    sys.stdout.write(show.as_json(effective) if namespace.json else show.as_text(effective))
    return 0


def _warn(effective: config.Effective) -> None:
    for warning in effective.warnings:
        print(f"warning: {warning}", file=sys.stderr)


class Command(NamedTuple):
    """A command: what it does, its line of help, and the function that runs it."""

    help: str
    run: Callable[[argparse.Namespace], int]


COMMANDS = {
    "": Command("Serves a WSGI or ASGI app.", _serve),
    "check": Command("Checks the configuration and imports the app.", _check),
    "config": Command("Prints every effective value and where it came from.", _config),
}


def _parser(name: str) -> Parser:
    epilog = None
    if not name:
        commands = "\n".join(f"  pellucid {n:8} {c.help}" for n, c in COMMANDS.items() if n)
        epilog = f"commands (each with --help):\n{commands}"
    parser = Parser(
        prog=f"pellucid {name}".strip(),
        description=COMMANDS[name].help,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(flags=[])
    parser.add_argument(
        "app", nargs="?", metavar="APP", help="module:attribute, or a factory: shop:create_app()"
    )
    parser.add_argument(
        "-c", dest="config", metavar="FILE", help=f"default: {config.DEFAULT_FILE}, if there is one"
    )
    _add_settings(parser)
    if name == "config":
        _add_formats(parser)
    version = f"pellucid {__version__} ({platform.python_implementation()} "
    version += f"{platform.python_version()})"
    parser.add_argument("--version", action="version", version=version)
    return parser


def _add_settings(parser: Parser) -> None:
    group = parser.add_argument_group("settings (they win over the file)")
    for option in OPTIONS:
        group.add_argument(
            option.flag,
            action=Setting,
            dest=argparse.SUPPRESS,
            const=option,
            nargs=None if option.value is None else 0,
            metavar=option.metavar or None,
            help=option.help,
        )
    group.add_argument(
        "--set",
        action=Setting,
        dest=argparse.SUPPRESS,
        metavar="SECTION.KEY=VALUE",
        help="any key of the file; the value is TOML, else a string (repeatable)",
    )


def _add_formats(parser: Parser) -> None:
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--json", action="store_true", help="as JSON")
    group.add_argument(
        "--reference",
        choices=("toml", "markdown", "logs"),
        help="instead: every directive with default, range and meaning; every line of the log",
    )
