"""Export over TLS: whom we believe, and with what we show who we are."""

from __future__ import annotations

import os
import pty
from pathlib import Path

import pytest

from support import certificates
from support.processes import wait_for
from support.receiver import Receiver
from support.target import Target

APP = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    """Certificates of an authority, a receiver and a client."""
    if reason := certificates.why_not():
        pytest.skip(reason)
    return certificates.make(tmp_path_factory.mktemp("pem"))


@pytest.fixture(params=[False, True], ids=["server", "mutual"])
def tls_receiver(request, pem):
    """An https receiver, and the keys of [otlp] that suit it; mutual: it takes only clients with a
    certificate."""
    with Receiver(pem.server_context(request.param)) as running:
        yield running, settings(pem, request.param)


def settings(pem, mutual):
    files = {"certificate": str(pem.authority)}
    if mutual:
        files |= {"client_certificate": str(pem.client), "client_key": str(pem.client_key)}
    return files


def wait_failure(running, text):
    exporter = wait_for(
        "a failed export",
        lambda: (found := running.status()["exporter"])["is_failing"] and found,
        10 * running.target.patience,
    )
    assert text in exporter["last_failure_reason"]


def test_directives(server, tls_receiver):
    receiver, files = tls_receiver
    running = server(code=APP, config={"otlp": files}, receiver=receiver)
    running.get("/safe")
    (span,) = running.spans(1)
    assert span.attributes["url.path"] == "/safe"


def test_metrics(server, tls_receiver):
    receiver, files = tls_receiver
    config = {"otlp": files | {"metrics_interval": "300ms", "signals": ["metrics"]}}
    running = server(code=APP, config=config, receiver=receiver)
    points = receiver.wait_report(1, 10 * running.target.patience)
    assert "pellucid.requests" in {p.name for p in points}


def test_variables(server, tls_receiver):
    receiver, files = tls_receiver
    env = {f"OTEL_EXPORTER_OTLP_{name.upper()}": path for name, path in files.items()}
    running = server(code=APP, env=env, receiver=receiver)
    running.get("/safe")
    assert len(running.spans(1)) == 1


def test_each_signal_has_files_of_its_own(server, pem, receiver):
    """Metrics go to a receiver that wants a certificate; logs and spans to others, without."""
    own = {f"metrics_{key}": path for key, path in settings(pem, mutual=True).items()}
    own["metrics_interval"] = "300ms"
    with Receiver(pem.server_context(wants_client=True)) as mutual:
        own["metrics_endpoint"] = f"{mutual.url}/v1/metrics"
        running = server(code=APP, config={"otlp": own}, receiver=receiver)
        running.get("/safe")
        assert len(running.spans(1)) == 1
        points = mutual.wait_report(1, 10 * running.target.patience)
        assert "pellucid.requests" in {p.name for p in points}
        assert running.stop() == 0
        assert mutual.spans() == []


def test_variables_of_one_signal_come_before_the_general_ones(server, pem):
    env = {
        "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE": str(pem.authority),
        "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE": str(pem.client),
        "OTEL_EXPORTER_OTLP_CLIENT_KEY": str(pem.client_key),
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": str(pem.authority),
        "OTEL_EXPORTER_OTLP_CERTIFICATE": str(pem.client),
    }
    with Receiver(pem.server_context(wants_client=True)) as receiver:
        running = server(code=APP, env=env, receiver=receiver)
        running.get("/safe")
        assert len(running.spans(1)) == 1


def test_certificate_and_key_in_one_file(server, pem, scratch):
    both = scratch / "both.pem"
    both.write_bytes(pem.client.read_bytes() + pem.client_key.read_bytes())
    with Receiver(pem.server_context(wants_client=True)) as receiver:
        config = {"otlp": {"certificate": str(pem.authority), "client_certificate": str(both)}}
        running = server(code=APP, config=config, receiver=receiver)
        running.get("/")
        assert len(running.spans(1)) == 1


def test_a_stranger_is_not_believed(server, pem):
    with Receiver(pem.server_context(wants_client=False)) as receiver:
        running = server(code=APP, receiver=receiver)
        running.get("/")
        wait_failure(running, "certificate")
        assert receiver.spans() == []


def test_without_a_certificate_of_ours_nothing_is_taken(server, pem):
    with Receiver(pem.server_context(wants_client=True)) as receiver:
        config = {"otlp": {"certificate": str(pem.authority)}}
        running = server(code=APP, config=config, receiver=receiver)
        running.get("/")
        wait_failure(running, "")
        assert receiver.spans() == []


@pytest.mark.parametrize("name", ["certificate", "client_key"])
def test_nothing_is_lost_while_a_file_is_replaced(server, pem, scratch, name):
    files = settings(pem, mutual=True)
    right, replaced = Path(files[name]), scratch / "replaced.pem"
    other = pem.client if name == "certificate" else pem.server_key
    replaced.write_bytes(other.read_bytes())
    with Receiver(pem.server_context(wants_client=True)) as receiver:
        config = {"otlp": files | {name: str(replaced), "signals": ["traces"]}}
        running = server(code=APP, config=config, receiver=receiver)
        running.get("/meanwhile")
        wait_failure(running, "")
        replaced.write_bytes(right.read_bytes())
        (span,) = running.spans(1)
        assert span.attributes["url.path"] == "/meanwhile"
        assert running.status()["exporter"]["spans_failed"] == 0


@pytest.fixture
def terminal(monkeypatch):
    """Servers have a terminal, at which nobody types."""
    ours, theirs = pty.openpty()
    opener = ["sh", "-c", f'exec "$@" <{os.ttyname(theirs)}', "sh"]
    command = Target.command
    monkeypatch.setattr(Target, "command", lambda self, *args: opener + command(self, *args))
    yield
    os.close(ours)
    os.close(theirs)


def test_a_key_with_a_pass_phrase_asks_nobody(server, pem, scratch, terminal):
    locked = {"client_key": str(pem.locked_client_key(scratch))}
    with Receiver(pem.server_context(wants_client=True)) as receiver:
        config = {"otlp": settings(pem, mutual=True) | locked}
        running = server(code=APP, config=config, receiver=receiver)
        running.get("/")
        wait_failure(running, "private key")


@pytest.mark.parametrize(
    "key", ["certificate", "client_certificate", "client_key", "logs_client_key"]
)
def test_a_file_that_cannot_be_read_is_told_at_once(pellucid, pem, key):
    files = settings(pem, mutual=True) | {key: "/nowhere/x.pem"}
    lines = "\n".join(f'{name} = "{path}"' for name, path in files.items())
    ran = pellucid("check", file=f"[otlp]\n{lines}\n")
    wanted = f'pellucid.toml: otlp.{key}: cannot read "/nowhere/x.pem": No such file or directory'
    assert ran.status != 0
    assert wanted in ran.err
    assert len(ran.err.splitlines()) == 1


def test_a_key_without_its_certificate(pellucid, pem):
    ran = pellucid("check", env={"OTEL_EXPORTER_OTLP_CLIENT_KEY": str(pem.client_key)})
    assert ran.status != 0
    assert (
        "OTEL_EXPORTER_OTLP_CLIENT_KEY: otlp.client_key is set, but otlp.client_certificate is not"
    ) in ran.err


def test_a_reload_with_a_missing_file_changes_nothing(server, tls_receiver):
    receiver, files = tls_receiver
    running = server(code=APP, config={"otlp": files}, receiver=receiver)
    running.configure({"otlp": files | {"certificate": "/nowhere/x.pem"}})
    running.reload()
    assert 'otlp.certificate: cannot read "/nowhere/x.pem"' in running.log
    running.get("/")
    assert len(running.spans(1)) == 1
