"""Where the server listens: every kind of address, several at a time."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from support.running import free_port

APP = "lifecycle:app"


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
        return True
    except OSError:
        return False


def test_several_addresses_at_once(server: Any, scratch: Path) -> None:
    path, port = scratch / "socket", free_port()
    running = server(APP, {"server": {"bind": [f"unix:{path}", f"127.0.0.1:{port}"]}})
    for address in (str(path), ("127.0.0.1", port)):
        running.address = address
        assert running.get("/").status == 200
    assert path.stat().st_mode & 0o777 == 0o666


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 on this machine")
def test_ipv6(server: Any) -> None:
    port = free_port()
    running = server(APP, {"server": {"bind": [f"[::1]:{port}"]}})
    running.address = ("::1", port)
    assert running.get("/").status == 200
    assert f"listening on http://[::1]:{port}" in running.log


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 on this machine")
def test_both_families_side_by_side(server: Any) -> None:
    port = free_port()
    running = server(APP, {"server": {"bind": [f"[::]:{port}", f"0.0.0.0:{port}"]}})
    for address in (("::1", port), ("127.0.0.1", port)):
        running.address = address
        assert running.get("/").status == 200


def test_localhost(server: Any) -> None:
    port = free_port()
    running = server(APP, {"server": {"bind": [f"localhost:{port}"]}})
    running.address = ("127.0.0.1", port)
    assert running.get("/").status == 200


def test_an_abstract_socket(server: Any) -> None:
    name = f"pellucid-test-{os.getpid()}"
    running = server(APP, {"server": {"bind": [f"unix:@{name}"]}})
    running.address = f"\0{name}"
    assert running.get("/").status == 200


def test_port_0_is_any_port_and_named(server: Any) -> None:
    running = server(APP, {"server": {"bind": ["127.0.0.1:0"]}})
    [line] = [line for line in running.log.splitlines() if "listening on" in line]
    running.address = ("127.0.0.1", int(line.rpartition(":")[2]))
    assert running.get("/").status == 200


def test_a_stale_socket_file_is_replaced(server: Any, scratch: Path) -> None:
    path = scratch / "socket"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    running = server(APP, {"server": {"bind": [f"unix:{path}"]}})
    running.address = str(path)
    assert running.get("/").status == 200


def test_a_living_one_is_not(server: Any, scratch: Path) -> None:
    path = scratch / "socket"
    with socket.socket(socket.AF_UNIX) as alive:
        alive.bind(str(path))
        alive.listen()
        running = server(APP, {"server": {"bind": [f"unix:{path}"]}}, wait=False)
        assert running.wait() == 1
    assert f"{path} is in use by another process" in running.log
    assert path.exists()
