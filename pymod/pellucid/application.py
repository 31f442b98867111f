"""The app: where it is imported from, and what it is.

The template, the workers and `pellucid check` import it in the same way, the one below.
"""

from __future__ import annotations

import ast
import importlib
import os
import sys
from collections.abc import Iterator
from importlib import metadata
from inspect import ismethod
from types import ModuleType, TracebackType
from typing import Any

# Tried in this order when only a module is named.
ATTRIBUTES = ("application", "app")
# Top-level module of the class of an app: name of the framework for people, distribution.
FRAMEWORKS = {
    "bottle": ("Bottle", "bottle"),
    "django": ("Django", "Django"),
    "falcon": ("Falcon", "falcon"),
    "fastapi": ("FastAPI", "fastapi"),
    "flask": ("Flask", "Flask"),
    "litestar": ("Litestar", "litestar"),
    "pyramid": ("Pyramid", "pyramid"),
    "quart": ("Quart", "Quart"),
    "sanic": ("Sanic", "sanic"),
    "starlette": ("Starlette", "starlette"),
}
# Where middlewares keep the app they wrap; a bound method is followed to its object.
WRAPPED = ("app", "application", "wsgi_app", "wrapped", "_app")


class ApplicationError(Exception):
    """The app cannot be had, for a reason that needs no traceback; str() is the one line."""


def prepare(doc: dict[str, Any]) -> None:
    """Makes this process the app's: its working directory, sys.path and environment.

    doc: the configuration, as {section: {key: value}}. Raises ApplicationError.
    """
    server = doc.get("server", {})
    os.environ.update(server.get("env", {}))
    chdir = server.get("chdir", ".")
    try:
        os.chdir(chdir)
    except OSError as error:
        raise ApplicationError(f"server.chdir: {chdir}: {error.strerror}") from None
    folder = os.getcwd()
    # As `python -m` has it: the working directory first, and not this package's own place.
    sys.path[:] = [folder, *(p for p in sys.path if p not in ("", folder))]


def load(spec: str) -> Any:
    """Imports the app that spec names and calls it when it is a factory.

    spec: "module:attribute", "module:attribute.attribute", "module:factory(arguments)" with
    literals as arguments, or "module" alone for its `application` or `app`. Raises
    ApplicationError when spec names nothing, and whatever the import raises.
    """
    module_name, colon, expression = spec.partition(":")
    call = _parse(expression, spec) if colon else None
    module = _import(module_name, spec)
    if call is None:
        return _find_default(module, spec)
    app = _find(module, call.func if isinstance(call, ast.Call) else call, spec)
    return _call(app, call, spec) if isinstance(call, ast.Call) else app


def _parse(expression: str, spec: str) -> ast.expr:
    try:
        parsed = ast.parse(expression.strip(), mode="eval").body
    except SyntaxError:
        parsed = ast.Constant(None)
    target = parsed.func if isinstance(parsed, ast.Call) else parsed
    while isinstance(target, ast.Attribute):
        target = target.value
    if not isinstance(target, ast.Name):
        raise ApplicationError(
            f'app "{spec}": allowed is module:attribute or a factory, module:create_app()'
        )
    return parsed


def _import(name: str, spec: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # A module that the app itself misses is told with its traceback.
        if error.name is None or not (name == error.name or name.startswith(error.name + ".")):
            raise
        hint = f"; did you mean {name[:-3]}?" if name.endswith(".py") else ""
        raise ApplicationError(
            f'app "{spec}": there is no module {error.name} in {os.getcwd()} (server.chdir), '
            f"nor anywhere else on sys.path{hint}"
        ) from None
    except (TypeError, ValueError):
        if name.strip(".") == name != "":
            raise
        raise ApplicationError(f'app "{spec}": "{name}" is not the name of a module') from None


def _find_default(module: ModuleType, spec: str) -> Any:
    for attribute in ATTRIBUTES:
        if hasattr(module, attribute):
            return getattr(module, attribute)
    raise ApplicationError(
        f'app "{spec}": {module.__name__} has neither `application` nor `app`; '
        f"name the attribute: {module.__name__}:attribute"
    )


def _find(module: ModuleType, target: ast.expr, spec: str) -> Any:
    found: Any = module
    for attribute in ast.unparse(target).split("."):
        try:
            found = getattr(found, attribute)
        except AttributeError:
            raise ApplicationError(
                f'app "{spec}": {module.__name__} has no {ast.unparse(target)}'
            ) from None
    return found


def _call(factory: Any, call: ast.Call, spec: str) -> Any:
    try:
        args = [ast.literal_eval(arg) for arg in call.args]
        kwargs = {str(k.arg): ast.literal_eval(k.value) for k in call.keywords}
    except ValueError:
        raise ApplicationError(
            f'app "{spec}": the arguments of a factory are literals, such as "text" or 5'
        ) from None
    if not callable(factory):
        raise ApplicationError(f'app "{spec}": {ast.unparse(call.func)} cannot be called')
    return factory(*args, **kwargs)


def imports_pellucid() -> bool:
    """Does a module of the app have `pellucid` among its globals?

    Runs nothing of the modules' own: a lazy one stays as it is.
    """
    package = sys.modules[__package__]
    return any(
        value is package
        for name, module in list(sys.modules.items())
        if issubclass(type(module), ModuleType) and name.partition(".")[0] != __package__
        for value in list(object.__getattribute__(module, "__dict__").values())
    )


def frames(error: BaseException) -> TracebackType | None:
    """The traceback of an error of load() without the frames of this package and of importlib.

    None when nothing else is there: a syntax error, a factory called with wrong arguments.
    """
    tb = error.__traceback__
    while tb is not None:
        name = tb.tb_frame.f_globals.get("__name__", "")
        if not name.startswith(("pellucid.", "importlib", "__main__")):
            break
        tb = tb.tb_next
    return tb


def framework(app: Any) -> str | None:
    """Name and version of the framework that app, or what its middlewares wrap, is made with."""
    for candidate in _layers(app):
        for cls in type(candidate).__mro__:
            package = cls.__module__.partition(".")[0]
            if package in FRAMEWORKS:
                return _with_version(*FRAMEWORKS[package])
    return None


def _layers(app: Any) -> Iterator[Any]:
    seen: set[int] = set()
    while app is not None and id(app) not in seen:
        seen.add(id(app))
        yield app
        attributes = {"app": app.__self__} if ismethod(app) else getattr(app, "__dict__", {})
        app = next((attributes[name] for name in WRAPPED if name in attributes), None)


def _with_version(name: str, distribution: str) -> str:
    try:
        return f"{name} {metadata.version(distribution)}"
    except metadata.PackageNotFoundError:
        return name
