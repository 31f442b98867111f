"""A framework of fifteen lines that leaves its route in environ, as Bottle does."""

import re
from types import SimpleNamespace

ROUTES = {"/": "home", "/hello/<name>": "hello", "/fail/<what>": "fail"}


def app(environ, start_response):
    for rule, name in ROUTES.items():
        match = re.fullmatch(re.sub("<(.*?)>", r"(?P<\1>[^/]+)", rule), environ["PATH_INFO"])
        if match:
            environ["bottle.route"] = SimpleNamespace(rule=rule, name=name)
            return run(start_response, **match.groupdict())
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"no such page"]


def run(start_response, name="world", what=""):
    if what:
        raise ValueError(what)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello ", name.encode("latin-1")]
