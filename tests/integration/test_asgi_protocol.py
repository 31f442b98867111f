"""ASGI between the app and the server: messages, breaches, awaitables."""

from __future__ import annotations

import json

import pytest

from support.processes import wait_for
from support.wire import request


@pytest.fixture(scope="module", params=["asyncio", "uvloop"])
def served(request, module_worker):
    if request.param == "uvloop":
        pytest.importorskip("uvloop")
    return module_worker("asgi_plain.protocol:app", {"server": {"loop": request.param}})


def found(served, path: str):
    answer = served.get(path)
    assert answer.status == 200, answer
    return json.loads(answer.body)


def note_after(served, ask):
    """What ask() gives, and what the app notes of it, which may be after its answer."""
    n = len(found(served, "/notes"))
    answer = ask()
    notes: list = []

    def look():
        notes[:] = found(served, "/notes")
        return len(notes) > n

    wait_for("a note of the app", look, 5 * served.target.patience)
    return answer, notes[-1]


def test_breaches_before_the_start(served):
    types = [name for name, _ in found(served, "/before-start")]
    expected = ["RuntimeError"] * 3 + ["ValueError", "TypeError"] + ["ValueError"] * 4
    expected += ["TypeError", "TypeError", "ValueError", "TypeError", "TypeError", "TypeError"]
    expected += ["ValueError", "TypeError", "ValueError", "TypeError", "ValueError"]
    assert types == [*expected, "TypeError", "TypeError", "TypeError"]


def test_breaches_after_the_start(served):
    types = [name for name, _ in found(served, "/after-start")]
    assert types == [
        "RuntimeError",
        "TypeError",
        "TypeError",
        "RuntimeError",
        "ValueError",
        "TypeError",
        "ValueError",
        "FileNotFoundError",
        "ValueError",
        "ValueError",
        "ValueError",
    ]


def test_messages_after_the_end_are_refused(served):
    with served.connect() as wire:
        assert wire.send(request("GET", "/after-end")).read().body == b'"done"'
        note = json.loads(wire.send(request("GET", "/notes")).read().body)[-1]
    assert [name for name, _ in note] == ["RuntimeError", "RuntimeError", "ValueError"]


def test_refused_head_can_be_replaced(served):
    ((name, text),) = found(served, "/bad-header")
    assert name == "ValueError" and text


def test_failure_after_an_unsent_head_is_500(served):
    assert served.get("/started-then-raises").status == 500


def test_bodies(served):
    answer = served.get("/bodies")
    assert answer.body == b"0 1 2 3 4 end" and answer.header("x-a") == "1"


def test_header_shapes(served):
    answer = served.get("/header-shapes")
    names = ("list", "tuple", "iterator", "bytearray", "memoryview")
    assert [answer.header(f"x-{name}") for name in names] == ["1", "2", "3", "4", "5"]


def test_header_types(served):
    assert found(served, "/header-types") == [
        "the name of header 'x-a' must be bytes, not str",
        "the value of header b'x-a' must be bytes, not str",
        "the value of header b'x-a' must be bytes, not int",
        "the value of header b'x-a' must be bytes, not NoneType",
        "the name of header None must be bytes, not NoneType",
    ]


def test_headers_that_change_while_they_are_read(served):
    answer = served.get("/shrinking-headers")
    assert (
        answer.body == b"ok"
        and answer.header("x-shrinking") == "1"
        and not answer.header("x-never")
    )


@pytest.mark.parametrize("path", ["/sse", "/empty-flush"])
def test_head_leaves_before_the_body(served, path):
    with served.connect() as wire:
        head = wire.send(request("GET", path)).read_until(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")


def test_pieces_leave_at_once(served):
    with served.connect() as wire:
        wire.send(request("POST", "/pieces", {"Transfer-Encoding": "chunked"}))
        wire.read_until(b"\r\n\r\n")
        for i in range(3):
            assert wire.read_until(b"\r\n") == b"8\r\n"
            assert wire.read_until(b"\n") == b"piece %d\n" % i
            wire.read_exactly(2)
            wire.send(b"1\r\na\r\n")
        assert wire.read_until(b"\r\n\r\n") == b"0\r\n\r\n"


def test_trailers_in_two_messages(served):
    asked = request("GET", "/trailers", {"TE": "trailers"})
    got, note = note_after(served, lambda: served.raw(asked))
    assert got.endswith(b"4\r\nbody\r\n0\r\na: 1\r\nb: 2\r\n\r\n")
    assert note[0][0] == "RuntimeError"


def test_trailers_are_for_those_who_ask(served):
    got = served.raw(request("GET", "/trailers"))
    assert got.endswith(b"4\r\nbody\r\n0\r\n\r\n")


def test_announced_trailers_that_do_not_come(served):
    got = served.raw(request("GET", "/no-trailers"))
    assert got.endswith(b"4\r\nbody\r\n")
    served.wait_log("without the trailers")


def test_early_hints(served):
    with served.connect() as wire:
        wire.send(request("GET", "/hints"))
        for _ in range(2):
            hint = wire.read_until(b"\r\n\r\n")
            assert hint.startswith(b"HTTP/1.1 103 ") and hint.lower().count(b"link: ") == 2
        found = json.loads(wire.read().body)
    assert [name for name, _ in found] == ["TypeError", "ValueError", "ValueError"]


def test_trailers_that_cannot_be_are_refused(served):
    got = served.raw(request("GET", "/bad-trailers", {"TE": "trailers"}))
    assert got.endswith(b"\r\n0\r\nx: ValueError ValueError ValueError\r\n\r\n")


def test_receive_after_the_body(served):
    answer, note = note_after(served, lambda: served.request("POST", "/after-body", body=b"abc"))
    assert json.loads(answer.body)[-1] == "waits"
    assert note == ["http.disconnect"] * 2


def test_receive_that_waits_for_the_end(served):
    answer, note = note_after(served, lambda: found(served, "/waiting-when-complete"))
    assert answer == "done"
    assert note == ["http.disconnect"] * 3


def test_concurrent_receives(served):
    body = bytes(range(65, 91)) * 20000
    answer = served.request("POST", "/concurrent", body=body)
    assert sorted(json.loads(answer.body)) == sorted(body.decode())


def test_cancelled_receive_loses_nothing(served):
    with served.connect() as wire:
        wire.send(request("POST", "/cancelled-receive", {"Content-Length": "4"}))
        wire.read_until(b"\r\n\r\n")
        wire.send(b"body")
        assert wire.read_exactly(4) == b"body"


def test_awaitables(served):
    assert found(served, "/awaitables") == {
        "coroutine": True,
        "function": True,
        "repr": ["<pellucid.receive>", "<pellucid.send>"],
        "again": "cannot reuse an awaited receive() or send()",
        "thrown": "KeyError('in')",
        "raised when awaited": True,
        "arguments": True,
    }


@pytest.mark.parametrize(
    "path,expected",
    [
        ("/plain-function", [True]),
        ("/awaitable-object", "awaitable"),
        ("/generator-coroutine", "generator"),
    ],
)
def test_kinds_of_apps(served, path, expected):
    assert found(served, path) == expected


@pytest.mark.parametrize(
    "path,logged",
    [
        ("/not-awaitable", "cannot be awaited"),
        ("/bad-await", "non-iterator"),
        ("/system-exit", "SystemExit"),
        ("/exception-group", "KeyError"),
        ("/cancels-itself", "CancelledError"),
        ("/nowhere", "KeyError"),
    ],
)
def test_apps_that_fail(served, path, logged):
    assert served.get(path).status == 500
    served.wait_log(logged)
    assert served.get("/notes").status == 200


@pytest.mark.parametrize(
    "path,logged",
    [
        ("/raises-after-response", "in the background"),
        ("/raises-late-after-response", "much later"),
    ],
)
def test_failures_after_the_response(served, path, logged):
    with served.connect() as wire:
        for _ in range(2):
            assert wire.send(request("GET", path)).read().body == b'"fine"'
    served.wait_log(logged, 2)


def test_connection_does_not_wait_for_background_work(served):
    with served.connect() as wire:
        wire.send(request("GET", "/background") + request("GET", "/notes"))
        assert wire.read().body == b'"fine"'
        assert "background done" not in json.loads(wire.read().body)
    wait_for("the background", lambda: "background done" in found(served, "/notes"), 5)


def test_nothing_reaches_the_loop(served):
    assert "never retrieved" not in served.log and "never awaited" not in served.log
    assert "Exception in callback" not in served.log and "Exception ignored" not in served.log
