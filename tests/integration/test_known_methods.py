"""http.known_methods: which methods of requests are told by name, in all processes."""

from __future__ import annotations

from collections import Counter
from signal import SIGUSR2

from support.processes import wait_for
from support.samples import parse

APP = """
def app(environ, start_response):
    if environ["PATH_INFO"] == "/boom":
        raise ValueError("no")
    start_response("200 OK", [("Content-Length", "0")])
    return []
"""
KNOWN = {"http": {"known_methods": ["GET", "PURGE", "_LOCK"]}}
COUNT = "http_server_request_duration_seconds_count"


def counted(running, total):
    """Requests by method, once there are so many, and the methods of http.server.active_requests."""

    def look():
        counts: Counter[str] = Counter()
        active = set()
        for (name, pairs), value in parse(running.metrics()).items():
            if name == COUNT:
                counts[dict(pairs)["http_request_method"]] += int(value)
            elif name == "http_server_active_requests":
                active.add(dict(pairs)["http_request_method"])
        return (dict(counts), active) if counts.total() == total else None

    return wait_for(f"{total} requests", look, 10 * running.target.patience)


def test_methods_of_the_list_are_told_by_name(server, receiver):
    config = KNOWN | {"route": [{"match": "/a", "name": "/a"}]}
    running = server(code=APP, config=config, receiver=receiver)
    for method in ("GET", "PURGE", "PURGE", "_LOCK", "POST", "purge", "_OTHER"):
        assert running.request(method, "/a").status == 200
    counts, active = counted(running, 7)
    assert counts == {"GET": 1, "PURGE": 2, "_LOCK": 1, "_OTHER": 3}
    assert active == set(counts)
    spans = running.spans(7)
    told = {
        (
            s.name,
            s.attributes["http.request.method"],
            s.attributes.get("http.request.method_original"),
        )
        for s in spans
    }
    assert told == {
        ("GET /a", "GET", None),
        ("PURGE /a", "PURGE", None),
        ("_LOCK /a", "_LOCK", None),
        ("HTTP /a", "_OTHER", "POST"),
        ("HTTP /a", "_OTHER", "purge"),
        ("HTTP /a", "_OTHER", "_OTHER"),
    }
    running.request("PURGE", "/boom")
    (error,) = wait_for("the error", lambda: running.status()["errors"], 10)
    assert error["method"] == "PURGE"
    record = wait_for("the log record", receiver.logs, 10 * running.target.patience)[0]
    assert record.attributes["http.request.method"] == "PURGE"


def test_an_empty_list_knows_none(server, receiver):
    running = server(code=APP, config={"http": {"known_methods": []}}, receiver=receiver)
    running.get("/")
    assert counted(running, 1) == ({"_OTHER": 1}, {"_OTHER"})
    assert [s.name for s in running.spans(1)] == ["HTTP"]


def test_the_environment_fills_it(server):
    env = {"OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS": "PURGE"}
    running = server(code=APP, env=env)
    running.get("/")
    running.request("PURGE", "/")
    assert counted(running, 2)[0] == {"_OTHER": 1, "PURGE": 1}


def test_another_list_wants_a_restart(server):
    """Until then old and new workers, and who reads what they count, mean the same by an index."""
    running = server(code=APP, config=KNOWN)
    running.request("PURGE", "/")
    running.configure({"server": {"app": "testapp:app", "chdir": str(running.folder.parent)}})
    running.reload()
    running.wait_log("http.known_methods has changed, but takes effect only with a restart")
    running.request("PURGE", "/")
    running.request("POST", "/")
    assert counted(running, 3) == ({"PURGE": 2, "_OTHER": 1}, {"PURGE", "_OTHER"})
    old = running.observer()
    running.signal(SIGUSR2)
    assert running.notify.wait("RELOADING", "1", 30 * running.target.patience), running.log
    assert running.notify.wait("READY", "1", 30 * running.target.patience), running.log
    running.request("PURGE", "/")
    wait_for("a new observer", lambda: running.observer() not in (None, old), 15)
    running.kill_observer()
    running.request("POST", "/")
    assert counted(running, 5) == ({"PURGE": 3, "_OTHER": 2}, {"PURGE", "_OTHER"})
