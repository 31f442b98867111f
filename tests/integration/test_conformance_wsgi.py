"""What PEP 3333 promises an app, seen from a socket."""

from __future__ import annotations

import json

import pytest

from http_cases import CHUNKED, HOST, get, post
from rawhttp import Client


@pytest.fixture(scope="module")
def served(module_worker):
    return module_worker("conformance.wsgi_app:app", {"server": {"threads": 2}})


@pytest.fixture
def client(served):
    with Client(served.address) as c:
        yield c


def environ(client, request: bytes) -> dict:
    client.send(request)
    return json.loads(client.response().body)


def test_environ(served, client):
    env = environ(client, get(b"/a?b=c", HOST + b"Content-Type: text/x\r\n"))
    host, port = served.address
    assert env["REQUEST_METHOD"] == "GET" and env["SERVER_PROTOCOL"] == "HTTP/1.1"
    assert env["SCRIPT_NAME"] == "" and env["PATH_INFO"] == "/a" and env["QUERY_STRING"] == "b=c"
    assert env["SERVER_NAME"] and env["SERVER_PORT"] == str(port)
    assert env["REMOTE_ADDR"] == "127.0.0.1" and env["REMOTE_PORT"] == str(
        client.sock.getsockname()[1]
    )
    assert env["CONTENT_TYPE"] == "text/x" and "HTTP_CONTENT_TYPE" not in env
    assert env["HTTP_HOST"] == "example.test"
    assert env["wsgi.version"] == [1, 0] and env["wsgi.url_scheme"] == "http"
    assert env["wsgi.multithread"] is True and env["wsgi.multiprocess"] is False
    assert env["wsgi.run_once"] is False and env["wsgi.input_terminated"] is True


def test_content_length_in_environ(client):
    env = environ(client, post(b"Content-Length: 3\r\n", b"abc", b"/x"))
    assert (
        env["CONTENT_LENGTH"] == "3" and "HTTP_CONTENT_LENGTH" not in env and env["body"] == "abc"
    )


def test_chunked_has_no_content_length(client):
    env = environ(client, post(CHUNKED, b"3\r\nabc\r\n0\r\n\r\n", b"/x"))
    assert not env.get("CONTENT_LENGTH") and env["body"] == "abc"


def test_protocol_1_0(client):
    assert environ(client, b"GET /x HTTP/1.0\r\n\r\n")["SERVER_PROTOCOL"] == "HTTP/1.0"


def test_writer(client):
    client.send(get(b"/writer"))
    assert client.response().body == b"first second third"


def test_exc_info_before_the_first_byte(client):
    client.send(get(b"/exc-info"))
    res = client.response()
    assert (res.status, res.reason, res.body) == (503, "Sorry", b"mended")


def test_hop_by_hop_fields_are_dropped(client):
    client.send(get(b"/header-connection"))
    res = client.response()
    assert (res.status, res.body) == (200, b"x")
    assert all(name.lower() != "connection" for name, _ in res.fields)


@pytest.mark.parametrize(
    "path",
    [b"/status-short", b"/status-none", b"/status-lf", b"/header-unicode"],
)
def test_breaches_are_500(client, path):
    client.send(get(path))
    assert client.response().status == 500


def test_reason_phrase_is_the_apps(client):
    client.send(get(b"/999"))
    assert client.response().reason == "Odd"
