"""What an app sees of a request, WSGI or ASGI: fields, paths, proxies, trace context."""

from __future__ import annotations

import json

import pytest

from http_cases import CHUNKED, HOST, get, post
from rawhttp import Client
from support.conformance import headers_of, serve, shown


@pytest.fixture(scope="module", params=["wsgi", "asgi"])
def served(request, module_worker):
    return serve(module_worker, request.param)


@pytest.fixture
def client(served):
    with Client(served.address) as c:
        yield c


def test_header_values_are_trimmed(served, client):
    show = shown(client, get(headers=HOST + b"X-A: \t  a  b\t \r\nX-Empty:\r\n"))
    assert headers_of(served, show, "x-a") == ["a  b"]
    assert headers_of(served, show, "x-empty") == [""]


def test_obs_text_header(served, client):
    show = shown(client, get(headers=HOST + b"X-A: caf\xe9\r\n"))
    assert headers_of(served, show, "x-a") == ["caf\xe9"]


def test_repeated_headers(served, client):
    show = shown(
        client, get(headers=HOST + b"X-A: 1\r\nX-B: z\r\nX-A: 2\r\nCookie: a=1\r\nCookie: b=2\r\n")
    )
    if served.is_wsgi:
        assert show["HTTP_X_A"].replace(" ", "") == "1,2"
        assert show["HTTP_COOKIE"] == "a=1; b=2"
    else:
        assert headers_of(served, show, "x-a") == ["1", "2"]
        assert headers_of(served, show, "cookie") in (["a=1", "b=2"], ["a=1; b=2"])


def test_underscore_headers_never_shadow(served, client):
    show = shown(
        client,
        get(
            headers=HOST
            + b"X_Forwarded_For: 6.6.6.6\r\nX-Real: 1\r\nX_Real: 2\r\nContent_Length: 5\r\n"
        ),
    )
    if served.is_wsgi:
        assert "6.6.6.6" not in show.get("HTTP_X_FORWARDED_FOR", "")
        assert show["HTTP_X_REAL"] == "1"
        assert show.get("CONTENT_LENGTH", "") == ""


def test_paths(served, client):
    show = shown(client, get(b"/caf%C3%A9/a%20b%2Fc;p=1?q=%41&r"))
    if served.is_wsgi:
        assert show["PATH_INFO"] == "/caf\xc3\xa9/a b/c;p=1"
        assert show["SCRIPT_NAME"] == "" and show["QUERY_STRING"] == "q=%41&r"
    else:
        assert show["path"] == "/caf\xe9/a b/c;p=1"
        assert show["raw_path"] == "/caf%C3%A9/a%20b%2Fc;p=1"
        assert show["query_string"] == "q=%41&r" and show["root_path"] == ""


def test_path_that_is_not_utf_8(served, client):
    show = shown(client, get(b"/%ff%fe"))
    if served.is_wsgi:
        assert show["PATH_INFO"] == "/\xff\xfe"
    else:
        assert show["raw_path"] == "/%ff%fe"


def test_dots_and_slashes_are_left_alone(served, client):
    show = shown(client, get(b"//a/../b/./c"))
    assert show["PATH_INFO" if served.is_wsgi else "path"] == "//a/../b/./c"


def test_absolute_form_gives_path_and_host(served, client):
    show = shown(client, get(b"http://other.test:81/p?q=1"))
    assert headers_of(served, show, "host") == ["other.test:81"]
    assert show["PATH_INFO" if served.is_wsgi else "path"] == "/p"


def test_absolute_form_without_path(served, client):
    show = shown(client, get(b"http://other.test?q=1"))
    assert show["PATH_INFO" if served.is_wsgi else "path"] == "/"
    assert show["QUERY_STRING" if served.is_wsgi else "query_string"] == "q=1"


def test_forwarded_from_a_trusted_peer(served, client):
    show = shown(
        client,
        get(
            headers=HOST
            + b"X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.test\r\n"
        ),
    )
    if served.is_wsgi:
        assert show["REMOTE_ADDR"] == "203.0.113.7" and show["wsgi.url_scheme"] == "https"
    else:
        assert show["client"][0] == "203.0.113.7" and show["scheme"] == "https"


@pytest.mark.parametrize(
    "fields",
    [
        b"X-Forwarded-Host: shop.test\r\nX-Forwarded-Port: 8443\r\n",
        b'Forwarded: host="shop.test:8443"\r\n',
    ],
)
def test_host_of_a_trusted_peer(served, client, fields):
    for own in (HOST, b""):  # HTTP/1.0 needs none
        version = b"1.1" if own else b"1.0"
        raw = b"GET /show HTTP/" + version + b"\r\n" + own + fields + b"\r\n"
        assert headers_of(served, shown(client, raw), "host") == ["shop.test:8443"]


def test_https_in_absolute_form_of_a_trusted_peer(served, client):
    show = shown(client, get(b"https://other.test/p"))
    assert show["wsgi.url_scheme" if served.is_wsgi else "scheme"] == "https"


def test_forwarded_rfc_7239(served, client):
    show = shown(
        client,
        get(headers=HOST + b'Forwarded: for="[2001:db8::1]:4711";proto=https;host=shop.test\r\n'),
    )
    assert (
        show["REMOTE_ADDR"] == "2001:db8::1"
        if served.is_wsgi
        else show["client"][0] == "2001:db8::1"
    )


def test_traceparent_is_replaced(served, client):
    sent = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    show = shown(client, get(headers=HOST + b"traceparent: " + sent + b"\r\n"))
    (seen,) = headers_of(served, show, "traceparent")
    assert (
        seen[:36] == sent[:36].decode() and seen[36:52] != "b7ad6b7169203331" and seen[52:] == "-01"
    )


def test_traceparent_is_made(served, client):
    (seen,) = headers_of(served, shown(client, get()), "traceparent")
    assert len(seen) == 55 and seen.startswith("00-")


@pytest.mark.parametrize(
    "bad",
    [
        b"00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        b"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        b"00-00000000000000000000000000000000-b7ad6b7169203331-01",
        b"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
        b"nonsense",
    ],
)
def test_bad_traceparent_begins_a_new_trace(served, client, bad):
    show = shown(client, get(headers=HOST + b"traceparent: " + bad + b"\r\ntracestate: a=b\r\n"))
    (seen,) = headers_of(served, show, "traceparent")
    assert seen[3:35] != bad[3:35].decode("latin-1").lower()
    assert headers_of(served, show, "tracestate") == []


def test_trailers_are_no_headers(served, client):
    client.send(
        post(
            CHUNKED + b"Trailer: X-Evil\r\n",
            b"1\r\na\r\n0\r\nX-Evil: 1\r\nContent-Length: 7\r\n\r\n",
            b"/show",
        )
    )
    res = client.response()
    if res.status == 200:
        show = json.loads(res.body)
        assert headers_of(served, show, "x-evil") == [] and show["body"] == "a"
