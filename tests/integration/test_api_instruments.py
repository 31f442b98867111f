"""`pellucid.counter` and `pellucid.histogram`: values of the app's own, whatever becomes of workers."""

from __future__ import annotations

import json

import pytest

from support.processes import wait_for
from support.prometheus import check
from support.script import run_script
from test_metrics import parse, total

APP = r"""
import json
import os
import threading
from urllib.parse import parse_qsl

import pellucid

orders = pellucid.counter("shop.orders", unit="{order}", description="Orders, \\ and\nmore.")
sent = pellucid.counter("shop.sent", unit="By")
took = pellucid.histogram("execution_time")
sizes = pellucid.histogram("shop.sizes", unit="{item}", boundaries=[1, 2.5, 1000])
assert pellucid.counter("shop.orders", unit="{order}") is orders


def act(path, query):
    values = {k: json.loads(v) for k, v in parse_qsl(query)}
    if path == "/orders":
        orders.add(values.pop("n", 1), **values)
    elif path == "/sent":
        sent.add(values["n"])
    elif path == "/took":
        took.record(values.pop("s"), **values)
    elif path == "/sizes":
        for value in (0, 1, 2, 2.5, 3, 1000, 1001, 1e6):
            sizes.record(value)
    elif path == "/nothing":
        for value in (-1, float("nan"), float("inf"), -0.5, 10**400):
            orders.add(value)
    elif path == "/many":
        for i in range(values["n"]):
            orders.add(1, order=i)
    elif path == "/wide":
        orders.add(1, **{f"k{i}": i for i in range(9)})
        orders.add(1, long="x" * 500)
    elif path == "/fork":
        pid = os.fork()
        if pid == 0:
            orders.add(1000)
            with pellucid.span("lost"):
                os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    elif path == "/threads":
        threads = [
            threading.Thread(target=lambda: [orders.add(1, kind="thread") for _ in range(10000)])
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    elif path == "/wrong":
        try:
            orders.add("many")
        except TypeError:
            return b"TypeError"
    return b"ok"
"""

WSGI = """
def app(environ, start_response):
    body = act(environ["PATH_INFO"], environ["QUERY_STRING"])
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""

ASGI = """
async def app(scope, receive, send):
    assert scope["type"] == "http"
    body = act(scope["path"], scope["query_string"].decode())
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})
"""


@pytest.fixture(params=[WSGI, ASGI], ids=["wsgi", "asgi"])
def code(request):
    return APP + request.param


def samples(running):
    return parse(running.metrics())


def count(running, **labels):
    return total(samples(running), "shop_orders_total", **labels)


def do(running, *paths):
    for path in paths:
        assert running.get(path).status == 200, running.log


def test_sums_by_attributes(server, code):
    running = server(code=code)
    do(running, '/orders?kind="gift"&n=2', '/orders?n=0.5&kind="gift"', "/orders", "/nothing")
    do(running, '/orders?kind="gift"&paid=true&shop=7', '/orders?shop=7&kind="gift"&paid=true')
    gifts = (("kind", "gift"),)
    found = {pairs: v for (n, pairs), v in samples(running).items() if n == "shop_orders_total"}
    assert found == {(): 1.0, gifts: 2.5, (*gifts, ("paid", "true"), ("shop", "7")): 2.0}
    assert running.get("/wrong").text == "TypeError"


def test_large_sums_are_exact(server, code):
    running = server(code=code)
    do(running, "/sent?n=9007199254740000", "/sent?n=1", "/sent?n=2")
    assert "\nshop_sent_bytes_total 9.007199254740" not in running.metrics()
    assert total(samples(running), "shop_sent_bytes_total") == 9007199254740003


def test_histograms(server, code):
    running = server(code=code)
    do(running, "/sizes", '/took?s=0.3&job="mail"', '/took?s=20&job="mail"')
    found = samples(running)
    bounds = {"1": 2, "2.5": 4, "1000": 6, "+Inf": 8}
    for le, n in bounds.items():
        assert total(found, "shop_sizes_bucket", le=le) == n
    assert total(found, "shop_sizes_count") == 8
    assert total(found, "shop_sizes_sum") == 1002009.5
    assert total(found, "execution_time_seconds_bucket", le="0.25", job="mail") == 0
    assert total(found, "execution_time_seconds_bucket", le="0.5", job="mail") == 1
    assert total(found, "execution_time_seconds_sum", job="mail") == 20.3


def test_workers_come_and_go(server, code):
    running = server(code=code, config={"server": {"workers": 2}})
    do(running, *["/orders"] * 20)
    running.wait_recorded()
    assert count(running) == 20
    running.kill_worker()
    assert count(running) == 20
    do(running, *["/orders"] * 20)
    running.reload()
    do(running, *["/orders"] * 20)
    assert count(running) == 60
    running.signal(9, running.observer())

    def is_told():
        try:
            return count(running) == 60
        except OSError:
            return False

    wait_for("the next observer", is_told, 20 * running.target.patience)


def test_threads_and_forks(server):
    running = server(code=APP + WSGI)
    do(running, "/threads", "/fork", "/orders")
    assert count(running, kind="thread") == 40000
    assert count(running) == 40001


def test_too_many_sets_overflow(server, code):
    running = server(code=code)
    do(running, "/many?n=2000", "/wide", "/orders?order=1", "/orders?order=1999")
    assert count(running) == 2004
    overflow = count(running, otel_metric_overflow="true")
    assert 1000 < overflow < 2004
    assert len(samples(running)) < 3000


def test_a_reload_that_makes_it_something_else(server, tmp_path):
    code = APP + "again = pellucid.counter('again')\n" + WSGI
    app = tmp_path / "changing.py"
    app.write_text(code.replace("    body = act", "    again.add(5)\n    body = act"))
    running = server("changing:app", {"server": {"chdir": str(tmp_path)}})
    do(running, "/orders")
    assert total(samples(running), "again_total") == 5
    app.write_text(
        app.read_text()
        .replace("counter('again')", "histogram('again', unit='')")
        .replace("again.add", "again.record")
    )
    running.reload()
    do(running, "/orders")
    assert count(running) == 2
    assert not [name for name, _ in samples(running) if name.startswith("again_bucket")]


# What Prometheus cannot tell apart, or keeps for itself.
AMBIGUOUS = [
    *('/orders?weird.key-1="a"', '/orders?weird_key_1="a"', '/orders?kind=""', "/orders"),
    *("/orders?shop=7", '/orders?shop="7"', '/orders?__name__="x"'),
    *("/took?s=0.3&weird.key-1=1", "/took?s=20&weird_key_1=1"),
]


def test_what_is_one_to_prometheus_is_one_sample(server, code):
    running = server(code=code)
    do(running, *AMBIGUOUS)
    found = samples(running)  # which has no line twice
    orders = {pairs: v for (name, pairs), v in found.items() if name == "shop_orders_total"}
    assert orders == {
        (): 2,
        (("weird_key_1", "a"),): 2,
        (("shop", "7"),): 2,
        (("key__name__", "x"),): 1,
    }
    assert total(found, "execution_time_seconds_bucket", le="0.5", weird_key_1="1") == 1
    assert total(found, "execution_time_seconds_count", weird_key_1="1") == 2


def test_names_that_end_as_prometheus_wants_them_stay_as_they_are(server, code):
    made = """
paid = pellucid.counter("paid_total")
read = pellucid.counter("read_bytes_total", unit="By")
waited = pellucid.histogram("waited_seconds")
"""
    use = "    paid.add(1); read.add(7); waited.record(2)\n    body = act"
    running = server(code=code.replace("    body = act", use) + made)
    do(running, "/")
    found = samples(running)
    assert total(found, "paid_total") == 1
    assert total(found, "read_bytes_total") == 7
    assert total(found, "waited_seconds_sum") == 2


def test_promtool_has_nothing_to_say(server, prometheus_binaries):
    running = server(code=APP + WSGI)
    do(running, "/orders", '/orders?kind="gift"&shop=7', "/sizes", "/took?s=1")
    do(running, *AMBIGUOUS)
    assert check(prometheus_binaries, running.metrics()) == (0, "")


def test_export(server, receiver):
    config = {"otlp": {"metrics_interval": "300ms", "signals": ["metrics"]}}
    running = server(code=APP + WSGI, config=config, receiver=receiver)
    do(running, '/orders?kind="gift"&shop=7&n=2.5', "/orders?paid=true&rate=0.5", "/wide")
    do(running, '/took?s=0.3&job="mail"')

    def found(name, **attributes):
        return [
            p
            for points in receiver.reports()[-1:]
            for p in points
            if p.name == name and p.attributes == attributes
        ]

    wait_for("a job", lambda: found("execution_time", job="mail"), 20 * running.target.patience)
    (orders,) = found("shop.orders", kind="gift", shop=7)
    (jobs,) = found("execution_time", job="mail")
    (paid,) = found("shop.orders", paid=True, rate=0.5)
    (rest,) = found("shop.orders", **{"otel.metric.overflow": True})
    types = {key: type(value) for p in (paid, rest) for key, value in p.attributes.items()}
    assert types == {"paid": bool, "rate": float, "otel.metric.overflow": bool}
    assert (orders.value, orders.unit, rest.value) == (2.5, "{order}", 2)
    assert (jobs.value, jobs.unit) == (1, "s")


SCRIPT = """
import json
import pellucid

counter = pellucid.counter("shop.orders", unit="{order}")
histogram = pellucid.histogram("took", boundaries=range(15))
assert counter.add(1, kind="gift") is None and histogram.record(0.5) is None
faults = []
for make in (
    lambda: pellucid.counter("shop.orders"),
    lambda: pellucid.histogram("shop.orders"),
    lambda: pellucid.counter("Shop_Orders", unit="{order}"),
    lambda: pellucid.counter("2nd"),
    lambda: pellucid.counter("x" * 64),
    lambda: pellucid.counter("pellucid.requests"),
    lambda: pellucid.counter("http.server.mine"),
    lambda: pellucid.counter("http-server/mine"),
    lambda: pellucid.counter("process_cpu"),
    lambda: pellucid.counter("shop.orders.count"),
    lambda: pellucid.counter("took.seconds"),
    lambda: pellucid.counter("took_total", unit="s"),
    lambda: pellucid.histogram("shop.orders_total", unit=""),
    lambda: pellucid.counter("x", unit="ns"),
    lambda: pellucid.histogram("x", boundaries=[2, 1]),
    lambda: pellucid.histogram("x", boundaries=range(16)),
    lambda: pellucid.histogram("x", boundaries=[float("inf")]),
    lambda: [pellucid.counter(f"n{i}") for i in range(63)],
):
    try:
        make()
    except ValueError as e:
        faults.append(str(e))
print(json.dumps(faults))
"""


@pytest.mark.parametrize("built", [True, False])
def test_outside_the_server_it_does_nothing_but_check(target, tmp_path, built):
    """Also from the sources alone, without any extension module."""
    assert len(json.loads(run_script(target, tmp_path, SCRIPT, built=built))) == 18
