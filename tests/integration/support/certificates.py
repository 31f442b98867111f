"""Certificates for tests of TLS, made on the spot with the `openssl` command (3.0 or later)."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificates:
    """PEM files of an authority, and of what it vouches for: a server on 127.0.0.1, a client."""

    authority: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path

    def locked_client_key(self, folder: Path) -> Path:
        """The client's key behind a pass phrase, in a new file of folder."""
        locked = folder / "locked.key"
        command = ["openssl", "pkey", "-aes256", "-passout", "pass:secret"]
        command += ["-in", str(self.client_key), "-out", str(locked)]
        subprocess.run(command, check=True, capture_output=True)
        return locked

    def server_context(self, wants_client: bool) -> ssl.SSLContext:
        """For a server; wants_client: it takes only clients with a certificate of the authority."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server, self.server_key)
        if wants_client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.authority)
        return context


def why_not() -> str:
    """Why certificates cannot be made here; "" when they can."""
    return "" if shutil.which("openssl") else "the openssl command is missing"


def _request(folder: Path, name: str, *args: str) -> tuple[Path, Path]:
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", f"/CN=pellucid tests: {name}"]
    command += ["-out", str(certificate), "-keyout", str(key), *args]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


def make(folder: Path) -> Certificates:
    """Makes them in folder; raises subprocess.CalledProcessError."""
    authority, authority_key = _request(folder, "authority")
    signed = ("-CA", str(authority), "-CAkey", str(authority_key))
    leaf = (*signed, "-addext", "basicConstraints=critical,CA:FALSE")
    address = ("-addext", "subjectAltName=IP:127.0.0.1")
    server = _request(folder, "server", *leaf, *address)
    client = _request(folder, "client", *leaf)
    return Certificates(authority, *server, *client)
