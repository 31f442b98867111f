"""The load test's runner runs: no figure is judged here."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from support.target import ROOT

# Servers on CPU 0, the client on CPU 1: not beside other measurements of itself.
pytestmark = [
    pytest.mark.xdist_group("loadtest"),
    pytest.mark.skipif(not shutil.which("wrk"), reason="wrk is not installed"),
]
FLOOR = ROOT / "build/release/loadtest/pel_floor"


def run(target, *args):
    paths = [str(target.pymod)] if target.pymod else []
    command = [sys.executable, str(ROOT / "loadtest/run.py"), *args]
    command += ["--python", target.python, "--floor", str(FLOOR)]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=100)


@pytest.fixture(autouse=True)
def _only_where_it_makes_sense(target):
    if target.sanitize:
        pytest.skip("the load test is for release builds")
    if not FLOOR.exists():
        pytest.skip(f"{FLOOR} is not built")


def test_compare_prints_a_table_and_writes_json(target, tmp_path):
    result = tmp_path / "result.json"
    done = run(
        target, "compare", "--servers", "floor,pellucid wsgi 8,pellucid asgi asyncio",
        "--scenarios", "hello,echo", "--rounds", "1", "--seconds", "1", "--json", str(result),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pellucid wsgi 8 threads" in done.stdout
    scenarios = json.loads(result.read_text())["scenarios"]
    for name in ("hello", "echo"):
        for server in ("floor", "pellucid wsgi 8 threads", "pellucid asgi asyncio"):
            medians = scenarios[name][server]["medians"]
            assert medians["rps"] > 0 and medians["cpu"] > 0 and medians["errors"] == 0


def test_a_check_without_a_verdict_fails(target):
    """Of the floor alone no target can be judged: that must not pass for having reached them."""
    done = run(
        target, "compare", "--servers", "floor", "--scenarios", "hello", "--rounds", "1",
        "--seconds", "1", "--check",
    )  # fmt: skip
    assert done.returncode == 1 and "floor" in done.stdout, done.stderr
    assert "MISSED" not in done.stdout


def test_rest(target):
    idle = run(target, "idle", "--servers", "pellucid wsgi 8", "--seconds", "1")
    assert idle.returncode == 0 and "wake-ups a second" in idle.stdout, idle.stderr
    one = run(target, "connections", "--servers", "pellucid wsgi 8", "--count", "50")
    assert one.returncode == 0 and "bytes a connection" in one.stdout, one.stderr


def test_scrape(target):
    done = run(target, "scrape", "--routes", "20", "--workers", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("21 streams") == 2  # and one of the request that saw it serve


def test_flood(target):
    done = run(target, "flood", "--rate", "1000", "--seconds", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1001 spans on the wire" in done.stdout


def test_overhead(target, tmp_path):
    result = tmp_path / "result.json"
    done = run(
        target, "overhead", "--servers", "pellucid asgi", "--rounds", "1", "--seconds", "1",
        "--turns", "1", "--json", str(result),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found = {row["telemetry"]: row["medians"] for row in json.loads(result.read_text())["overhead"]}
    assert list(found) == ["off", "off again", "metrics", "spans 1 %", "spans 100 %"]
    assert found["off"]["spans"] == 0 < found["spans 1 %"]["spans"] < 10
    for medians in found.values():
        assert 0 < medians["p50"] <= medians["p99"]
        assert 0 < medians["steady_rps"] < 4500
