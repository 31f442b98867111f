"""The server's own log: every line has a code of conf/logs.md, in both formats."""

from __future__ import annotations

import json
import re
from pathlib import Path
from signal import SIGTTIN, SIGUSR1

import pytest

from support.processes import wait_for
from support.receiver import Answer
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


def test_refused_requests_have_their_reason(server):
    running = server(code=APP, config={"log": {"level": "debug"}})
    running.raw(b"GET x HTTP/1.1\r\nHost: a\r\n\r\n")
    running.raw(b"GET / HTTP/2.0\r\n\r\n")
    running.wait_log("refused with 400: malformed request target")
    running.wait_log("refused with 505: unsupported HTTP version")


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


FILE_APP = """
import sys

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/boom":
        raise ValueError("no such order")
    if path == "/print":
        print("the app says so", file=sys.stderr, flush=True)
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""


def holds(path, *texts):
    text = path.read_text() if path.exists() else ""
    return all(t in text for t in texts)


def test_the_log_goes_to_a_file_and_is_reopened(server, scratch, receiver):
    log, old = scratch / "server.log", scratch / "server.log.1"
    running = server(
        code=FILE_APP,
        config={"log": {"output": str(log)}, "server": {"workers": 2}},
        receiver=receiver,
    )
    for _ in range(8):
        assert running.get("/print").status == 200
    assert holds(log, "PEL101", "PEL201", "the app says so")
    assert running.log == ""
    log.rename(old)
    running.signal(SIGUSR1)
    wait_for("the new file", lambda: holds(log, f"PEL307 supervisor[{running.pid}] reopened"), 10)
    # Every process writes to the new one: workers, ...
    wait_for("both workers", lambda: running.get("/boom") and len(raised(log)) == 2, 20)
    assert not raised(old)
    # ... the observer, ...
    receiver.answers += [Answer(400)] * 3
    wait_for("the observer", lambda: running.get("/") and holds(log, "PEL601 observer["), 30)
    # ... and what is started later.
    running.kill_worker()
    running.reload()
    running.get("/print")
    assert holds(log, "PEL210", "PEL301", "the app says so")
    assert running.stop() == 0
    assert holds(log, "PEL106")
    assert running.log == ""


def test_the_watcher_of_development_takes_the_new_file_too(server, scratch):
    log = scratch / "server.log"
    config = {"log": {"output": str(log)}, "server": {"reload": True}}
    running = server(code=FILE_APP, config=config)
    (pid,) = [p.pid for p in running.processes() if "pellucid.watcher" in p.command]
    output = Path(f"/proc/{pid}/fd/2")
    assert output.resolve() == log
    log.rename(scratch / "server.log.1")
    running.signal(SIGUSR1)
    wait_for("the new file", lambda: output.resolve() == log, 10)
    assert pid in {p.pid for p in running.processes()}


def raised(path):
    """Pids of the workers that have logged an exception."""
    return set(re.findall(r"PEL501 worker \d+\[(\d+)\]", path.read_text()))


def test_warnings_of_the_configuration_are_lines_of_the_log(server, scratch):
    log = scratch / "server.log"
    running = server(
        code=APP,
        config={"log": {"output": str(log), "format": "json"}},
        env={"OTEL_SDK_DISABLED": "yes"},
    )
    running.reload()
    assert running.stop() == 0
    assert running.log == ""
    records = as_records(log.read_text(), "json")
    warnings = [r for r in records if r["code"] == "PEL107"]
    assert len(warnings) == 2  # at the start, and when it was read again
    assert all("OTEL_SDK_DISABLED" in r["message"] for r in warnings)


def test_a_log_that_cannot_be_opened_stops_the_start(pellucid, scratch):
    path = scratch / "nowhere" / "server.log"
    done = pellucid("hello:wsgi", "--set", f"log.output={path}")
    assert done.status == 1
    assert "PEL103" in done.err
    assert f"log.output: cannot open {path}: No such file or directory" in done.err


def test_a_log_that_cannot_be_reopened_goes_on(server, scratch):
    folder = scratch / "logs"
    folder.mkdir()
    log = folder / "server.log"
    running = server(code=FILE_APP, config={"log": {"output": str(log)}})
    moved = scratch / "moved"
    folder.rename(moved)
    running.signal(SIGUSR1)
    old = moved / "server.log"
    wait_for("the line", lambda: holds(old, "PEL308", "the old file goes on"), 10)
    assert running.stop() == 0
    assert holds(old, "PEL106")
