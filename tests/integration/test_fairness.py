"""More connections at once than a turn of the loop has places for: each gets its share."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

APP = """
import json
from collections import Counter

seen = Counter()

def look(path, port):
    if path == "/seen":
        return json.dumps(sorted(seen.values())).encode()
    seen[port] += 1
    return b"ok"

def wsgi(environ, start_response):
    body = look(environ["PATH_INFO"], environ["REMOTE_PORT"])
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]

async def asgi(scope, receive, send):
    assert scope["type"] == "http"
    body = look(scope["path"], scope["client"][1])
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})
"""

# Whoever answers at once, on a CPU of its own, is what pushes others aside.
pytestmark = [
    pytest.mark.skipif(not shutil.which("wrk"), reason="wrk is not installed"),
    pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two CPUs"),
]
CONNECTIONS = 1000


@pytest.mark.parametrize(("interface", "threads"), [("wsgi", 1), ("wsgi", 4), ("asgi", 1)])
def test_no_connection_starves(server, interface, threads):
    config = {"server": {"workers": 1, "threads": threads}}
    running = server(code=f"{APP}\napp = {interface}\n", config=config)
    ours, clients = sorted(os.sched_getaffinity(0))[:2]
    for pid in running.workers():  # all its threads: those of the app begin when there is work
        for thread in os.listdir(f"/proc/{pid}/task"):
            os.sched_setaffinity(int(thread), {ours})
    subprocess.run(
        [
            "taskset",
            "-c",
            str(clients),
            "wrk",
            "-t1",
            f"-c{CONNECTIONS}",
            "-d3",
            f"http://127.0.0.1:{running.port}/",
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    seen = json.loads(running.get("/seen").body)
    assert len(seen) == CONNECTIONS
    # Without places for those left over, most of them get a tenth of what others get.
    few = CONNECTIONS // 20
    assert seen[few] + 2 > seen[-few] / 2, seen
