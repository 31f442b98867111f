"""What an app sees of a request target: RFC 9112 section 3.2, PEP 3333 and the ASGI specification."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from http_cases import HOST, get
from rawhttp import Client


@dataclass(frozen=True)
class Target:
    """A target as sent; the path it means, decoded; its query; its path as sent."""

    sent: str
    path: bytes
    query: str = ""
    raw_path: str = ""

    @property
    def sent_path(self) -> str:
        return self.raw_path or self.sent.partition("?")[0]


TARGETS = [
    Target("/a%2Fb", b"/a/b"),
    Target("/a%2fb", b"/a/b"),
    Target("/a%20b", b"/a b"),
    Target("/a+b?c+d", b"/a+b", "c+d"),
    Target("/caf%C3%A9?%C3%A9", "/café".encode(), "%C3%A9"),
    Target("/caf%E9", b"/caf\xe9"),
    Target("/a%00b", b"/a\0b"),
    Target("/a%0d%0ab", b"/a\r\nb"),
    Target("/a%zzb%4", b"/a%zzb%4"),
    Target("/a%", b"/a%"),
    Target("/a%2525", b"/a%25"),
    Target("/a%3Fb%23c?d", b"/a?b#c", "d"),
    Target("//a//b", b"//a//b"),
    Target("//a:80/b", b"//a:80/b"),
    Target("/a/./b/../c", b"/a/./b/../c"),
    Target("/a/%2e%2e/b", b"/a/../b"),
    Target("/a;p=1;q/b;c", b"/a;p=1;q/b;c"),
    Target("/a:b@c!$&'()*,=~", b"/a:b@c!$&'()*,=~"),
    Target("/a?", b"/a"),
    Target("/a??b?c", b"/a", "?b?c"),
    Target("/a?/b/../c", b"/a", "/b/../c"),
    Target("/a?x[]=1&&=&y", b"/a", "x[]=1&&=&y"),
    Target("/a?x=%2F%00%zz", b"/a", "x=%2F%00%zz"),
    Target("/a?u=http://b/c?d", b"/a", "u=http://b/c?d"),
    Target("http://example.test/a/b?c", b"/a/b", "c", "/a/b"),
    Target("http://example.test:80/a", b"/a", "", "/a"),
    Target("HTTPS://example.test/a", b"/a", "", "/a"),
    Target("http://example.test", b"/", "", "/"),
    Target("http://example.test?a=b", b"/", "a=b", "/"),
]


@pytest.fixture(scope="module", params=["wsgi", "asgi"])
def served(request, module_worker):
    running = module_worker(f"conformance.{request.param}_app:app")
    running.gateway = request.param
    return running


def ask(served, request: bytes) -> dict:
    with Client(served.address) as client:
        client.send(request)
        response = client.response()
    assert response.status == 200
    return json.loads(response.body)


@pytest.mark.parametrize("case", TARGETS, ids=lambda t: t.sent)
def test_target(served, case):
    seen = ask(served, get(case.sent.encode()))
    if served.gateway == "wsgi":
        assert seen["SCRIPT_NAME"] == ""
        assert seen["PATH_INFO"] == case.path.decode("latin-1")
        assert seen["QUERY_STRING"] == case.query
    else:
        assert seen["path"] == case.path.decode(errors="replace")
        assert seen["query_string"] == case.query
        assert seen["raw_path"] == case.sent_path


def test_host_of_an_absolute_target_wins(served):
    seen = ask(served, get(b"http://other.test:81/a", HOST))
    if served.gateway == "wsgi":
        assert seen["HTTP_HOST"] == "other.test:81"
    else:
        assert [v for k, v in seen["headers"] if k == "host"] == ["other.test:81"]
