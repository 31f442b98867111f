"""The server's own log: every line has a code of conf/logs.md, in both formats."""

from __future__ import annotations

import json
import re
from signal import SIGTTIN, SIGUSR1

import pytest

from support.target import ROOT

APP = """
def app(environ, start_response):
    if environ["PATH_INFO"] == "/boom":
        raise ValueError("no such order")
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""

TEXT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (?P<level>\w+) (?P<code>PEL\d{3}) "
    r"(?P<process>[\w ]+\[\d+\]) (?P<message>.+)"
)


def known_codes():
    """Level of each code in the reference."""
    text = (ROOT / "conf" / "logs.md").read_text()
    return dict(re.findall(r"^\| (PEL\d{3}) \| (\w+) \|", text, re.MULTILINE))


def as_records(log, form):
    """The lines as dicts; fails on a line that is not of the form."""
    lines = [line for line in log.splitlines() if not line.startswith("    ")]
    if form == "json":
        return [json.loads(line) for line in lines]
    found = [TEXT.fullmatch(line) for line in lines]
    assert all(found), lines
    return [match.groupdict() for match in found if match]


@pytest.mark.parametrize("form", ["text", "json"])
def test_every_line_has_a_code_that_the_reference_knows(server, form):
    running = server(code=APP, config={"log": {"level": "debug", "format": form}})
    assert running.get("/boom").status == 500
    assert b" 400 " in running.raw(b"GET / HTTP/1.1\r\n\r\n")
    running.kill_worker()
    running.signal(SIGTTIN)
    running.wait_log("one more worker: 2")
    running.signal(SIGUSR1)
    running.reload()
    assert running.stop() == 0
    records = as_records(running.log, form)
    known = known_codes()
    for record in records:
        assert known[record["code"]] == record["level"], record
    codes = {record["code"] for record in records}
    assert {"PEL101", "PEL201", "PEL501", "PEL403", "PEL210", "PEL218", "PEL301"} <= codes
    assert records[-1]["code"] == "PEL106"
