"""HTTP/1.1 as a stranger would test it: the tables of http_cases and http_edges, and what a table cannot say.

Every case runs against the WSGI and the ASGI app of tests/apps/conformance: one server each for the
whole module, so that a case which breaks the server fails the ones behind it too.
"""

from __future__ import annotations

import socket
import time

import pytest

import http_cases
import http_edges
from http_cases import CHUNKED, HOST, get, post
from rawhttp import Broken, Client
from support.conformance import serve


@pytest.fixture(scope="module", params=["wsgi", "asgi"])
def served(request, module_worker):
    return serve(module_worker, request.param)


@pytest.fixture
def client(served):
    with Client(served.address) as c:
        yield c


@pytest.mark.parametrize("case", http_cases.ALL + http_edges.ALL, ids=lambda c: c.name)
@pytest.mark.parametrize("how", ["whole", "bytewise"])
def test_case(served, client, case, how):
    """Each case in one piece, and (when it is short) a byte at a time."""
    if how == "bytewise":
        if len(case.sent) > 400:
            pytest.skip("long: only in one piece")
        client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(len(case.sent)):
            client.send(case.sent[i : i + 1])
    else:
        client.send(case.sent)
    got = []
    for i, _ in enumerate(case.statuses):
        res = client.response()
        got.append(res.status)
        if i == 0 and case.body is not None:
            assert res.body == case.body
        if i == len(case.statuses) - 1 and case.closed and res.status >= 400:
            assert (res.get("connection") or "").lower() == "close"
    assert tuple(got) == case.statuses, case.rfc
    assert client.is_closed() if case.closed else client.is_open(0.02)


def test_server_survived(served, client):
    client.send(get(b"/unread"))
    assert client.response().body == b"ok"


def test_half_closed_client_has_all_its_answers(client):
    client.send(get(b"/slow") + post(b"Content-Length: 3\r\n", b"abc") + get(b"/unread"))
    client.sock.shutdown(socket.SHUT_WR)
    assert client.response().status == 200
    assert client.response().body == b"abc"
    assert client.response().body == b"ok"
    assert client.is_closed()


def test_half_closed_client_with_half_a_request(client):
    client.send(get(b"/slow") + get(b"/unread")[:20])
    client.sock.shutdown(socket.SHUT_WR)
    assert client.response().status == 200
    assert client.is_closed()


@pytest.mark.parametrize("cut", [1, 3, 10, 16, 30, 40])
def test_half_a_head_then_end(served, client, cut):
    client.send(get(b"/unread")[:cut])
    client.sock.shutdown(socket.SHUT_WR)
    try:
        assert client.response().status in (400, 408)
    except EOFError:
        pass
    assert client.is_closed()


def test_half_a_head_times_out(served, client):
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n")
    assert client.response().status == 408
    assert client.is_closed()


def test_dribbled_head_times_out(served, client):
    """A byte now and then does not extend header_timeout."""
    start = time.monotonic()
    for byte in get(b"/" + b"a" * 200):
        client.send(bytes([byte]))
        time.sleep(0.1)
        if time.monotonic() - start > 2.5:
            break
    assert client.response().status == 408


def test_silent_connection_is_closed_without_an_answer(served, client):
    assert client.is_closed(4)


def test_half_a_body_times_out(served, client):
    client.send(post(b"Content-Length: 10\r\n", b"abc"))
    try:
        assert client.response().status in (408, 400, 500)
    except EOFError:
        pass
    assert client.is_closed(4)


def test_body_too_large_is_413_at_once(served, client):
    client.send(post(b"Content-Length: 99999999\r\n"))
    assert client.response().status == 413
    assert client.is_closed()


def test_chunked_body_too_large(served, client):
    client.sock.settimeout(5)
    client.send(post(CHUNKED))
    try:
        for _ in range(20):
            client.sock.sendall(b"100000\r\n" + b"x" * 0x100000 + b"\r\n")
    except OSError:
        pass
    try:
        assert client.response().status == 413
    except (EOFError, Broken, OSError):
        pass
    assert client.is_closed()


def test_continue_is_sent_when_the_app_reads(served, client):
    client.send(post(b"Content-Length: 3\r\nExpect: 100-continue\r\n"))
    while b"\r\n\r\n" not in client.pending:
        client._more()
    assert client.pending.startswith(b"HTTP/1.1 100 ")
    client.send(b"abc")
    res = client.response("POST")
    assert res.interim[0].status == 100
    assert res.body == b"abc"


def test_no_continue_when_the_app_does_not_read(served, client):
    client.send(post(b"Content-Length: 3\r\nExpect: 100-continue\r\n", target=b"/unread"))
    res = client.response("POST")
    assert res.status == 200 and not res.interim
    assert client.is_closed() or True
    with Client(served.address) as other:
        other.send(get(b"/unread"))
        assert other.response().body == b"ok"


def test_no_continue_for_http_1_0(served, client):
    client.send(b"POST /echo HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc")
    res = client.response("POST")
    assert res.body == b"abc" and not res.interim


def test_continue_case_insensitive_and_body_sent_at_once(served, client):
    client.send(post(b"Content-Length: 3\r\nExpect: 100-Continue\r\n", b"abc"))
    assert client.response("POST").body == b"abc"


def test_head_has_the_headers_of_get_and_no_body(served, client):
    client.send(b"HEAD /unread HTTP/1.1\r\n" + HOST + b"\r\n" + get(b"/unread"))
    res = client.response("HEAD")
    assert res.status == 200 and res.get("content-length") == "2"
    assert client.response().body == b"ok"


@pytest.mark.parametrize("path", [b"/generator", b"/big", b"/raises", b"/no-pieces", b"/file"])
def test_head_of(served, client, path):
    client.send(b"HEAD " + path + b" HTTP/1.1\r\n" + HOST + b"\r\n")
    res = client.response("HEAD")
    assert res.status == (500 if path == b"/raises" else 200)
    if res.get("connection") != "close":
        client.send(get(b"/unread"))
        assert client.response().body == b"ok"


@pytest.mark.parametrize("path,status", [(b"/204", 204), (b"/304", 304), (b"/204-body", 204)])
def test_no_body_statuses(served, client, path, status):
    client.send(get(path) + get(b"/unread"))
    res = client.response()
    assert res.status == status
    assert not res.all("transfer-encoding")
    if status == 204:
        assert not res.all("content-length")
    assert client.response().body == b"ok"


def test_stream_is_chunked(served, client):
    client.send(get(b"/generator"))
    res = client.response()
    assert res.get("transfer-encoding") == "chunked" and res.body == b"onetwo"
    assert client.is_open()


def test_stream_for_1_0_ends_with_the_connection(served, client):
    client.send(get(b"/generator", HOST + b"Connection: keep-alive\r\n", b"1.0"))
    res = client.response()
    assert not res.all("transfer-encoding") and res.body == b"onetwo"


def test_one_known_piece_has_a_length(served, client):
    client.send(get(b"/pid"))
    res = client.response()
    assert res.get("content-length") == str(len(res.body))


def test_empty_response_has_a_length_of_zero(served, client):
    client.send(get(b"/no-pieces") + get(b"/unread"))
    res = client.response()
    assert res.body == b""
    assert res.get("content-length") == "0" or res.get("transfer-encoding") == "chunked"
    assert client.response().body == b"ok"


def test_date_and_server(served, client):
    client.send(get(b"/unread"))
    res = client.response()
    time.strptime(res.get("date"), "%a, %d %b %Y %H:%M:%S GMT")
    assert res.get("server") == "pellucid"


def test_the_apps_own_date_and_server_win(served, client):
    client.send(get(b"/header-date") + get(b"/header-server"))
    assert client.response().all("date") == ["Thu, 01 Jan 1970 00:00:00 GMT"]
    assert client.response().all("server") == ["mine"]


@pytest.mark.parametrize(
    "path",
    [
        "/header-cr",
        "/header-lf",
        "/header-nul",
        "/header-name",
        "/header-name-lf",
        "/header-empty-name",
        "/bad-length",
        "/two-lengths",
    ],
)
def test_unusable_response_header_is_500(served, client, path):
    client.send(get(path.encode()))
    res = client.response()
    assert res.status == 500
    assert not res.all("x-bad") and not res.all("set-cookie")


def test_latin_1_header(served, client):
    client.send(get(b"/header-latin1"))
    assert client.response().get("x-good") == "caf\xe9"


def test_transfer_encoding_of_the_app_never_breaks_framing(served, client):
    client.send(get(b"/header-te"))
    res = client.response()
    assert res.status == 500 or res.body == b"x"


def test_too_long_body_is_cut(served, client):
    client.send(get(b"/too-long"))
    res = client.response()
    assert res.get("content-length") == "3" and res.body == b"abc"
    if res.get("connection") != "close" and client.is_open(0.1):
        client.send(get(b"/unread"))
        assert client.response().body == b"ok"


def test_too_short_body_closes(served, client):
    client.send(get(b"/too-short"))
    with pytest.raises(Broken):
        client.response()


def test_exception_is_500_and_others_go_on(served, client):
    client.send(get(b"/raises"))
    res = client.response()
    assert res.status == 500
    assert b"the app is broken" not in res.body


def test_exception_after_the_head_cuts(served, client):
    client.send(get(b"/raises-late"))
    with pytest.raises((Broken, EOFError)):
        client.response()


def test_odd_status(served, client):
    client.send(get(b"/999"))
    assert client.response().status == 999


def test_file(served, client):
    client.send(get(b"/file") + get(b"/unread"))
    body = client.response().body
    expected = b"0123456789" * 20000
    assert body == (expected[10:] if served.is_wsgi else expected)
    assert client.response().body == b"ok"


def test_big_body_to_a_slow_reader(served):
    with Client(served.address, 30) as client:
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.send(get(b"/big") + get(b"/unread"))
        time.sleep(0.3)
        assert client.response().body == b"x" * 5_000_000
        assert client.response().body == b"ok"


def test_echo_stream_is_not_buffered(served, client):
    """The first bytes are echoed before the last ones are sent."""
    client.send(post(CHUNKED, b"5\r\nfirst\r\n", b"/echo-stream"))
    deadline = time.monotonic() + 3
    while b"first" not in client.pending and time.monotonic() < deadline:
        client._more()
    assert b"first" in client.pending
    client.send(b"6\r\nsecond\r\n0\r\n\r\n")
    assert client.response("POST").body == b"firstsecond"


def test_large_echo(served, client):
    body = bytes(range(256)) * 4096
    client.sock.settimeout(30)
    client.send(post(b"Content-Length: %d\r\n" % len(body), body))
    assert client.response("POST").body == body


def test_large_chunked_echo(served, client):
    body = b"".join(b"%x\r\n" % n + b"a" * n + b"\r\n" for n in range(1, 400)) + b"0\r\n\r\n"
    client.send(post(CHUNKED, body))
    assert client.response("POST").body == b"a" * sum(range(1, 400))


def test_client_leaves_in_the_middle(served):
    for path in (b"/slow", b"/big", b"/echo"):
        with Client(served.address) as client:
            client.send(post(b"Content-Length: 100\r\n", b"abc", path))
    with Client(served.address) as client:
        client.send(get(b"/unread"))
        assert client.response().body == b"ok"


def test_many_connections_at_once(served):
    clients = [Client(served.address) for _ in range(100)]
    for c in clients:
        c.send(get(b"/slow"))
    try:
        assert [c.response().body for c in clients] == [b"slow"] * 100
    finally:
        for c in clients:
            c.sock.close()
