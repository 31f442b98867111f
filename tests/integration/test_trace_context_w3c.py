"""W3C Trace Context Level 2 and Baggage, with the cases of the working group's own test suite.

The cases are those of w3c/trace-context, test/test.py, at STRICT_LEVEL 2: what a client sends, and
what the app must then see. Theirs asks for callbacks, which are made with `pellucid.inject`.
"""

from __future__ import annotations

import json

import pytest

TRACE, SPAN = "12345678901234567890123456789012", "1234567890123456"
PARENT = f"00-{TRACE}-{SPAN}"
HEX = "0123456789abcdef"

# The fields an app sees, and those of three calls that it makes to others.
REPLY = """
import json
import pellucid

def reply(fields):
    calls = []
    for n in range(3):
        with pellucid.span("call"):
            headers = {}
            pellucid.inject(headers)
            calls.append(headers)
    return json.dumps({"seen": fields, "calls": calls}).encode()
"""

APPS = {
    "wsgi": """
def app(environ, start_response):
    fields = {k[5:].lower().replace("_", "-"): v for k, v in environ.items() if k[:5] == "HTTP_"}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [reply(fields)]
""",
    "asgi": """
async def app(scope, receive, send):
    fields = {}
    for name, value in scope["headers"]:
        name, value = name.decode(), value.decode("latin-1")
        fields[name] = fields[name] + "," + value if name in fields else value
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": reply(fields)})
""",
}


class Talk:
    """A running app and what it answers to raw header lines."""

    def __init__(self, running):
        self.running = running

    def _reply(self, lines):
        head = "".join(f"{line}\r\n" for line in lines)
        request = f"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{head}\r\n"
        answer = self.running.raw(request.encode("latin-1"))
        assert answer.startswith(b"HTTP/1.1 200"), (lines, answer)
        return json.loads(answer.partition(b"\r\n\r\n")[2])

    def seen(self, *lines):
        """The fields the app sees; its traceparent is checked to be well-formed, and new."""
        fields = self._reply(lines)["seen"]
        check_parent(fields["traceparent"])
        return fields

    def calls(self, *lines):
        """The fields of the calls that the app makes."""
        calls = self._reply(lines)["calls"]
        for fields in calls:
            check_parent(fields["traceparent"])
        return calls

    def state(self, *lines):
        """The app's tracestate, given a good parent that is not sampled."""
        fields = self.seen(f"traceparent: {PARENT}-00", *lines)
        assert fields["traceparent"][3:35] == TRACE
        return fields.get("tracestate")


def check_parent(text):
    """Raises AssertionError unless text is a valid traceparent of version 00."""
    version, trace, span, flags = text.split("-")
    assert (version, len(trace), len(span), len(flags)) == ("00", 32, 16, 2)
    assert set(trace + span + flags) <= set(HEX)
    assert int(trace, 16)
    assert int(span, 16)
    assert span != SPAN


@pytest.fixture(params=["wsgi", "asgi"])
def talk(request, worker):
    return Talk(worker(code=REPLY + APPS[request.param]))


# --- traceparent ---


def test_without_any_a_trace_begins(talk):
    fields = talk.seen()
    assert fields["traceparent"][3:35] != TRACE
    assert "tracestate" not in fields


@pytest.mark.parametrize(
    "line",
    [
        f"traceparent: {PARENT}-01",
        f"TraceParent: {PARENT}-01",
        f"TrAcEpArEnT: {PARENT}-01",
        f"TRACEPARENT: {PARENT}-01",
        f"traceparent:  {PARENT}-01",
        f"traceparent:\t{PARENT}-01",
        f"traceparent: {PARENT}-01 ",
        f"traceparent: {PARENT}-01\t",
        f"traceparent: \t {PARENT}-01 \t",
        f"traceparent: cc-{TRACE}-{SPAN}-01",
        f"traceparent: cc-{TRACE}-{SPAN}-01-what-the-future-may-bring",
    ],
)
def test_good_parents_are_continued(talk, line):
    assert talk.seen(line)["traceparent"][3:35] == TRACE


def test_the_random_flag_goes_on(talk):
    assert int(talk.seen(f"traceparent: {PARENT}-02")["traceparent"][-2:], 16) & 2
    assert not int(talk.seen(f"traceparent: {PARENT}-01")["traceparent"][-2:], 16) & 2


BAD_PARENTS = [
    [f"trace-parent: {PARENT}-01"],
    [f"trace.parent: {PARENT}-01"],
    [f"traceparent: 00-{TRACE[:-1]}1-{SPAN}-01", f"traceparent: {PARENT}-01"],
    [f"traceparent: {PARENT}-01", f"traceparent: {PARENT}-01"],
    [f"traceparent: {PARENT}-01."],
    [f"traceparent: {PARENT}-01-what-the-future-may-bring"],
    [f"traceparent: cc-{TRACE}-{SPAN}-01.what-the-future-may-bring"],
    [f"traceparent: ff-{TRACE}-{SPAN}-01"],
    [f"traceparent: .0-{TRACE}-{SPAN}-01"],
    [f"traceparent: 0.-{TRACE}-{SPAN}-01"],
    [f"traceparent: 000-{TRACE}-{SPAN}-01"],
    [f"traceparent: 0000-{TRACE}-{SPAN}-01"],
    [f"traceparent: 0-{TRACE}-{SPAN}-01"],
    [f"traceparent: 00-{'0' * 32}-{SPAN}-01"],
    [f"traceparent: 00-.{TRACE[1:]}-{SPAN}-01"],
    [f"traceparent: 00-{TRACE[:-1]}.-{SPAN}-01"],
    [f"traceparent: 00-{TRACE}3-{SPAN}-01"],
    [f"traceparent: 00-{TRACE[:-1]}-{SPAN}-01"],
    [f"traceparent: 00-{TRACE}-{'0' * 16}-01"],
    [f"traceparent: 00-{TRACE}-.{SPAN[1:]}-01"],
    [f"traceparent: 00-{TRACE}-{SPAN[:-1]}.-01"],
    [f"traceparent: 00-{TRACE}-{SPAN}7-01"],
    [f"traceparent: 00-{TRACE}-{SPAN[:-1]}-01"],
    [f"traceparent: {PARENT}-.0"],
    [f"traceparent: {PARENT}-0."],
    [f"traceparent: {PARENT}-001"],
    [f"traceparent: {PARENT}-1"],
    [f"traceparent: {PARENT.upper()}-01", f"traceparent: 00-{'A' * 32}-{SPAN}-01"],
    [f"traceparent: 00-{'A' * 32}-{SPAN}-01"],
    ["traceparent:"],
]


def test_bad_parents_begin_a_trace_and_lose_their_state(talk):
    for lines in BAD_PARENTS:
        fields = talk.seen(*lines, "tracestate: foo=1")
        trace = fields["traceparent"][3:35]
        assert not any(trace in line for line in lines), lines
        assert "tracestate" not in fields, lines


# --- tracestate ---

MEMBERS = [f"bar{n:02}={n:02}" for n in range(1, 34)]
LOWER = "abcdefghijklmnopqrstuvwxyz0123456789_-*/"
VALUE = "".join(map(chr, range(0x20, 0x7F))).replace(",", "").replace("=", "")

# The lines behind a good parent, and the tracestate that the app must see.
STATES = [
    (["trace-state: foo=1"], None),
    (["trace.state: foo=1"], None),
    (["TraceState: foo=1"], "foo=1"),
    (["TrAcEsTaTe: foo=1"], "foo=1"),
    (["TRACESTATE: foo=1"], "foo=1"),
    (["tracestate: foo=1,bar=2"], "foo=1,bar=2"),
    (["tracestate:"], None),
    (["tracestate: foo=1", "tracestate:"], "foo=1"),
    (["tracestate:", "tracestate: foo=1"], "foo=1"),
    (
        ["tracestate: foo=1,bar=2", "tracestate: rojo=1,congo=2", "tracestate: baz=3"],
        "foo=1,bar=2,rojo=1,congo=2,baz=3",
    ),
    # Keys should not repeat, but who hands them on need not look.
    (["tracestate: foo=1,foo=1"], "foo=1,foo=1"),
    (["tracestate: foo=1,foo=2"], "foo=1,foo=2"),
    (["tracestate: foo=1", "tracestate: foo=1"], "foo=1,foo=1"),
    (["tracestate: foo=1", "tracestate: foo=2"], "foo=1,foo=2"),
    ([f"tracestate: {LOWER}={VALUE}"], f"{LOWER}={VALUE}"),
    ([f"tracestate: {LOWER}@{LOWER}={VALUE}"], f"{LOWER}@{LOWER}={VALUE}"),
    (["tracestate: foo=1 \t , \t bar=2, \t baz=3"], "foo=1,bar=2,baz=3"),
    (["tracestate: foo=1\t \t,\t \tbar=2,\t \tbaz=3"], "foo=1,bar=2,baz=3"),
    (["tracestate:  foo=1"], "foo=1"),
    (["tracestate: \tfoo=1"], "foo=1"),
    (["tracestate: foo=1 "], "foo=1"),
    (["tracestate: foo=1\t"], "foo=1"),
    (["tracestate: \t foo=1 \t"], "foo=1"),
    (["tracestate: foo =1"], None),
    (["tracestate: FOO=1"], None),
    (["tracestate: foo.bar=1"], None),
    (["tracestate: foo@=1,bar=2"], "foo@=1,bar=2"),
    (["tracestate: @foo=1,bar=2"], None),
    (["tracestate: foo@@bar=1,bar=2"], "foo@@bar=1,bar=2"),
    (["tracestate: foo@bar@baz=1,bar=2"], "foo@bar@baz=1,bar=2"),
    ([f"tracestate: {','.join(MEMBERS[:32])}"], ",".join(MEMBERS[:32])),
    (
        [f"tracestate: {','.join(MEMBERS[:30])}", f"tracestate: {','.join(MEMBERS[30:32])}"],
        ",".join(MEMBERS[:32]),
    ),
    ([f"tracestate: {','.join(MEMBERS)}"], None),
    ([f"tracestate: {','.join(MEMBERS[:30])}", f"tracestate: {','.join(MEMBERS[30:])}"], None),
    (["tracestate: foo=1", f"tracestate: {'z' * 256}=1"], f"foo=1,{'z' * 256}=1"),
    (["tracestate: foo=1", f"tracestate: {'z' * 257}=1"], None),
    (
        ["tracestate: foo=1", f"tracestate: {'t' * 241}@{'v' * 14}=1"],
        f"foo=1,{'t' * 241}@{'v' * 14}=1",
    ),
    (["tracestate: foo=1", f"tracestate: {'t' * 242}@v=1"], f"foo=1,{'t' * 242}@v=1"),
    (["tracestate: foo=1", f"tracestate: t@{'v' * 15}=1"], f"foo=1,t@{'v' * 15}=1"),
    (["tracestate: foo=bar=baz"], None),
    (["tracestate: foo=,bar=3"], None),
    ([f"tracestate: foo={'v' * 256}"], f"foo={'v' * 256}"),
    ([f"tracestate: foo={'v' * 257}"], None),
]


def without_blanks(state):
    """Blanks around commas mean nothing; those at the end of a value are trimmed by HTTP."""
    return state and ",".join(member.strip(" \t") for member in state.split(","))


def test_tracestate(talk):
    for lines, expected in STATES:
        assert without_blanks(talk.state(*lines)) == without_blanks(expected), lines


def test_tracestate_without_a_parent_is_dropped(talk):
    for state in ["foo=1", "foo=1,bar=2"]:
        assert "tracestate" not in talk.seen(f"tracestate: {state}")


def test_512_characters_of_tracestate_go_on_and_more(talk):
    """3.3.1.5: at least 512 characters; here all that the limits of members and values allow."""
    for n in (4, 32):
        state = ",".join(f"k{i:02}={'v' * 123}" for i in range(n))
        assert len(state) >= 128 * n - 1
        assert talk.state(f"tracestate: {state}") == state


# --- calls to others ---


def test_calls_are_children_with_ids_of_their_own(talk):
    for lines, is_continued in [
        ([f"traceparent: {PARENT}-01"], True),
        ([], False),
        ([f"traceparent: 00-{'0' * 32}-{SPAN}-01"], False),
    ]:
        calls = [fields["traceparent"].split("-") for fields in talk.calls(*lines)]
        traces, spans = {c[1] for c in calls}, {c[2] for c in calls}
        assert len(traces) == 1
        assert (traces == {TRACE}) == is_continued
        assert len(spans) == 3


# --- baggage ---

BIG = ",".join(f"key{n:02}={'v' * 121}" for n in range(64))

BAGGAGE = [
    ["key1=value1,key2 = value2;property1;k=v , key3=%20%E2%82%AC"],
    ["a=1", "b=2", "a=3"],
    # W3C Baggage, 3.3.2: 64 members and 8,192 bytes must go on.
    [BIG[:8192]],
]


def test_baggage_goes_on_as_it_came(talk):
    for values in BAGGAGE:
        lines = [f"baggage: {value}" for value in values]
        assert talk.seen(*lines)["baggage"] == ",".join(values)
        assert [c["baggage"] for c in talk.calls(*lines)] == [",".join(values)] * 3
    assert "baggage" not in talk.seen()
    assert all("baggage" not in fields for fields in talk.calls())
