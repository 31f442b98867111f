"""environ, key by key (PEP 3333, "environ Variables")."""

from __future__ import annotations

import logging
import unittest
from typing import Any

from gateway_case import GET, logged
from wsgi_case import WsgiCase, head, post


class EnvironCase(WsgiCase):
    """self.environ(request) is what the app was given."""

    def environ(self, request: bytes = GET, **how: Any) -> dict[str, Any]:
        seen: dict[str, Any] = {}

        def app(environ: Any, start_response: Any) -> list[bytes]:
            seen.update(environ)
            seen["type"] = type(environ)
            start_response("200 OK", [])
            return []

        self.assert_complete(self.call(app, request, **how))
        return seen


class Target(EnvironCase):
    """Method, path, query, protocol."""

    def test_plain(self) -> None:
        env = self.environ(head("GET", "/a/b?x=1&y=%20"))
        self.assertIs(env["type"], dict)
        self.assertEqual(env["REQUEST_METHOD"], "GET")
        self.assertEqual(env["SCRIPT_NAME"], "")
        self.assertEqual(env["PATH_INFO"], "/a/b")
        self.assertEqual(env["QUERY_STRING"], "x=1&y=%20")
        self.assertEqual(env["RAW_URI"], "/a/b?x=1&y=%20")
        self.assertEqual(env["REQUEST_URI"], "/a/b?x=1&y=%20")
        self.assertEqual(env["SERVER_PROTOCOL"], "HTTP/1.1")

    def test_no_query_is_empty(self) -> None:
        self.assertEqual(self.environ()["QUERY_STRING"], "")

    def test_methods(self) -> None:
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
            self.assertEqual(self.environ(head(method))["REQUEST_METHOD"], method)

    def test_http_1_0(self) -> None:
        self.assertEqual(self.environ(head(version="1.0"))["SERVER_PROTOCOL"], "HTTP/1.0")

    def test_path_is_decoded_to_latin_1(self) -> None:
        env = self.environ(head("GET", "/caf%C3%A9/%2f%20%7e"))
        self.assertEqual(env["PATH_INFO"], "/caf\xc3\xa9/\x2f \x7e")
        self.assertEqual(env["RAW_URI"], "/caf%C3%A9/%2f%20%7e")

    def test_options_star(self) -> None:
        for target in ("*", "http://a.test"):
            env = self.environ(head("OPTIONS", target))
            self.assertEqual((env["PATH_INFO"], env["REQUEST_URI"]), ("", target))

    def test_absolute_form_of_two_methods(self) -> None:
        paths = [
            self.environ(head(m, "http://a.test"))["PATH_INFO"] for m in ("GET", "OPTIONS", "GET")
        ]
        self.assertEqual(paths, ["/", "", "/"])

    def test_absolute_form(self) -> None:
        env = self.environ(head("GET", "http://a.test/x?y"))
        self.assertEqual((env["PATH_INFO"], env["QUERY_STRING"]), ("/x", "y"))
        self.assertEqual(env["RAW_URI"], "http://a.test/x?y")


class RootPath(EnvironCase):
    """SCRIPT_NAME and where PATH_INFO begins."""

    conf = {"server": {"root_path": "/shop"}}

    def split(self, target: str, fields: str = "") -> tuple[str, str]:
        env = self.environ(head("GET", target, "Host: a.test\r\n" + fields))
        return env["SCRIPT_NAME"], env["PATH_INFO"]

    def test_below(self) -> None:
        self.assertEqual(self.split("/shop/x"), ("/shop", "/x"))

    def test_itself(self) -> None:
        self.assertEqual(self.split("/shop"), ("/shop", ""))
        self.assertEqual(self.split("/shop/"), ("/shop", "/"))

    def test_outside_is_taken_off_by_a_proxy(self) -> None:
        self.assertEqual(self.split("/x"), ("/shop", "/x"))
        self.assertEqual(self.split("/shopping"), ("/shop", "/shopping"))

    def test_encoded(self) -> None:
        self.assertEqual(self.split("/%73hop/x"), ("/shop", "/x"))

    def test_forwarded_prefix_comes_first(self) -> None:
        fields = "X-Forwarded-Prefix: /eu\r\n"
        self.assertEqual(self.split("/shop/x", fields), ("/eu/shop", "/x"))
        self.assertEqual(self.split("/x", fields), ("/eu/shop", "/x"))


class RootPathNotAscii(EnvironCase):
    """A root_path of UTF-8 is latin-1 as everything else."""

    conf = {"server": {"root_path": "/caf\xe9"}}

    def test_it(self) -> None:
        env = self.environ(head("GET", "/caf%C3%A9/x"))
        self.assertEqual((env["SCRIPT_NAME"], env["PATH_INFO"]), ("/caf\xc3\xa9", "/x"))


class Ends(EnvironCase):
    """Server and client."""

    def test_tcp(self) -> None:
        env = self.environ()
        self.assertEqual((env["SERVER_NAME"], env["SERVER_PORT"]), ("127.0.0.1", "8000"))
        self.assertEqual((env["REMOTE_ADDR"], env["REMOTE_PORT"]), ("127.0.0.1", "50123"))
        self.assertEqual(env["wsgi.url_scheme"], "http")

    def test_forwarded(self) -> None:
        env = self.environ(
            head(
                "GET",
                "/",
                "Host: inner\r\nX-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n"
                "X-Forwarded-Host: shop.test\r\n",
            )
        )
        self.assertEqual(env["REMOTE_ADDR"], "203.0.113.7")
        self.assertNotIn("REMOTE_PORT", env)
        self.assertEqual(env["wsgi.url_scheme"], "https")
        self.assertEqual(env["HTTP_HOST"], "shop.test")

    def test_unix(self) -> None:
        env = self.environ(unix=True)
        self.assertEqual((env["SERVER_NAME"], env["SERVER_PORT"]), ("a.test", "80"))
        self.assertEqual(env["REMOTE_ADDR"], "")
        self.assertNotIn("REMOTE_PORT", env)

    def test_unix_with_a_port_in_host(self) -> None:
        env = self.environ(head("GET", "/", "Host: [::1]:81\r\n"), unix=True)
        self.assertEqual((env["SERVER_NAME"], env["SERVER_PORT"]), ("[::1]", "81"))

    def test_unix_without_host(self) -> None:
        env = self.environ(head("GET", "/", "", "1.0"), unix=True)
        self.assertEqual((env["SERVER_NAME"], env["SERVER_PORT"]), ("localhost", "80"))
        self.assertNotIn("HTTP_HOST", env)


class Fields(EnvironCase):
    """HTTP_* and the two that are none."""

    def fields(self, lines: str) -> dict[str, Any]:
        return self.environ(head("GET", "/", "Host: a.test\r\n" + lines))

    def test_known_and_unknown(self) -> None:
        env = self.fields("User-Agent: ua/1\r\nX-Thing-2: caf\xe9\r\nX-Empty:\r\n")
        self.assertEqual(env["HTTP_HOST"], "a.test")
        self.assertEqual(env["HTTP_USER_AGENT"], "ua/1")
        self.assertEqual(env["HTTP_X_THING_2"], "caf\xe9")
        self.assertEqual(env["HTTP_X_EMPTY"], "")

    def test_content_type_and_length(self) -> None:
        env = self.environ(
            head("POST", "/", "Host: a\r\nContent-Type: text/x\r\nContent-Length: 0\r\n")
        )
        self.assertEqual((env["CONTENT_TYPE"], env["CONTENT_LENGTH"]), ("text/x", "0"))
        self.assertFalse({"HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"} & env.keys())

    def test_absent_when_not_sent(self) -> None:
        self.assertFalse({"CONTENT_TYPE", "CONTENT_LENGTH"} & self.environ().keys())

    def test_repeated_are_joined(self) -> None:
        env = self.fields("Accept: a\r\nX-A: 1\r\nAccept: b\r\nX-A: 1\r\nX-A: 2\r\nAccept: b\r\n")
        self.assertEqual(env["HTTP_ACCEPT"], "a,b,b")
        self.assertEqual(env["HTTP_X_A"], "1,1,2")

    def test_cookies_are_joined_as_cookies(self) -> None:
        self.assertEqual(self.fields("Cookie: a=1\r\nCookie: b=2\r\n")["HTTP_COOKIE"], "a=1; b=2")

    def test_underscores_never_shadow_dashes(self) -> None:
        env = self.fields("X-Real: good\r\nX_Real: evil\r\nX_Other: evil\r\nContent_Length: 5\r\n")
        self.assertEqual(env["HTTP_X_REAL"], "good")
        self.assertFalse({"HTTP_X_OTHER", "CONTENT_LENGTH", "HTTP_CONTENT_LENGTH"} & env.keys())

    def test_long_name_and_value(self) -> None:
        env = self.fields(f"{'X-' * 50}A: {'v' * 5000}\r\n")
        self.assertEqual(env["HTTP_" + "X_" * 50 + "A"], "v" * 5000)

    def test_no_other_keys(self) -> None:
        """No os.environ, nothing of another request."""
        self.fields("X-Left-Over: 1\r\n")
        keys = {k for k in self.environ() if k.startswith("HTTP_")}
        self.assertEqual(keys, {"HTTP_HOST", "HTTP_TRACEPARENT"})


class Trace(EnvironCase):
    """Trace context is replaced, so that an SDK in the app becomes our child."""

    PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    def fields(self, lines: str) -> dict[str, Any]:
        return self.environ(head("GET", "/", "Host: a.test\r\n" + lines))

    def test_replaced(self) -> None:
        env = self.fields(f"traceparent: {self.PARENT}\r\ntracestate: a=1\r\n")
        self.assertRegex(env["HTTP_TRACEPARENT"], "^00-0af7651916cd43dd8448eb211c80319c-.{16}-0.$")
        self.assertNotEqual(env["HTTP_TRACEPARENT"], self.PARENT)
        self.assertEqual(env["HTTP_TRACESTATE"], "a=1")

    def test_begun(self) -> None:
        env = self.environ()
        self.assertRegex(env["HTTP_TRACEPARENT"], "^00-[0-9a-f]{32}-[0-9a-f]{16}-0.$")
        self.assertNotIn("HTTP_TRACESTATE", env)

    def test_invalid_is_dropped(self) -> None:
        env = self.fields("traceparent: 00-zz\r\ntracestate: a=1\r\n")
        self.assertNotIn("zz", env["HTTP_TRACEPARENT"])
        self.assertNotIn("HTTP_TRACESTATE", env)

    def test_baggage(self) -> None:
        self.assertEqual(self.fields("baggage: k=v\r\n")["HTTP_BAGGAGE"], "k=v")


class NoPropagation(EnvironCase):
    """trace.propagators = []: the app gets what the client sent, but for baggage."""

    conf = {"trace": {"propagators": []}}

    def test_it(self) -> None:
        lines = f"Host: a\r\ntraceparent: {Trace.PARENT}\r\ntracestate: a=1\r\nbaggage: k=v\r\n"
        env = self.environ(head("GET", "/", lines))
        self.assertEqual((env["HTTP_TRACEPARENT"], env["HTTP_TRACESTATE"]), (Trace.PARENT, "a=1"))
        self.assertNotIn("HTTP_BAGGAGE", env)
        self.assertNotIn("HTTP_TRACEPARENT", self.environ(head("GET", "/", "Host: a\r\n")))


class WsgiKeys(EnvironCase):
    """wsgi.*"""

    conf = {"server": {"threads": 8}}

    def test_values(self) -> None:
        env = self.environ()
        self.assertEqual(env["wsgi.version"], (1, 0))
        self.assertIs(env["wsgi.run_once"], False)
        self.assertIs(env["wsgi.input_terminated"], True)
        self.assertIs(env["wsgi.multithread"], True)
        self.assertTrue(callable(env["wsgi.file_wrapper"]))
        self.assertTrue(callable(env["wsgi.early_hints"]))
        self.assertTrue(env["SERVER_SOFTWARE"].startswith("pellucid/"))

    def test_multiprocess(self) -> None:
        self.assertIs(self.environ(multiprocess=True)["wsgi.multiprocess"], True)
        self.assertIs(self.environ()["wsgi.multiprocess"], False)

    def test_chunked(self) -> None:
        env = self.environ(post(None))
        self.assertIs(env["wsgi.input_terminated"], True)
        self.assertNotIn("CONTENT_LENGTH", env)

    def test_errors_is_a_text_stream(self) -> None:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            errors = environ["wsgi.errors"]
            errors.write("one \u20ac\n")
            errors.writelines(["two\n", "three\n"])
            print("four", file=errors)
            handler = logging.StreamHandler(errors)
            handler.emit(logging.makeLogRecord({"msg": "five"}))
            errors.flush()
            start_response("200 OK", [])
            return []

        with logged() as text:
            self.assert_complete(self.call(app))
        self.assertEqual(text, ["one \u20ac\ntwo\nthree\nfour\nfive\n"])


class OneThread(EnvironCase):
    """wsgi.multithread tells the truth."""

    conf = {"server": {"threads": 1}}

    def test_it(self) -> None:
        self.assertIs(self.environ()["wsgi.multithread"], False)


if __name__ == "__main__":
    unittest.main()
