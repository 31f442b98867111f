"""What an app sees of its request through the API, as JSON can have it."""

import asyncio
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pellucid

POOL = ThreadPoolExecutor(2)
KEPT = []  # what apps keep beyond the end of a request


class Lines(logging.Handler):
    def __init__(self):
        super().__init__()
        self.lines = []
        self.addFilter(pellucid.log_filter)

    def emit(self, record):
        self.lines.append([record.getMessage(), record.trace_id, record.span_id])


LINES = Lines()
LOG = logging.getLogger("api")
LOG.addHandler(LINES)


def here() -> dict | None:
    request = pellucid.request()
    if request is None:
        return None
    headers = {}
    pellucid.inject(headers)
    LOG.warning("here")
    return {
        "trace_id": request.trace_id,
        "span_id": request.span_id,
        "route": request.route,
        "phases": request.phases,
        "headers": headers,
        "log": LINES.lines.pop(),
    }


def bare_thread() -> dict | None:
    found = []
    thread = threading.Thread(target=lambda: found.append(here()))
    thread.start()
    thread.join()
    return found[0]


def pool() -> dict | None:
    return POOL.submit(here).result()


async def task() -> dict | None:
    await asyncio.sleep(0)
    return here()


async def everywhere() -> dict:
    loop = asyncio.get_running_loop()
    found = {
        "here": here(),
        "task": await asyncio.create_task(task()),
        "to_thread": await asyncio.to_thread(here),
        "run_in_executor": await loop.run_in_executor(None, here),
        "pool": await loop.run_in_executor(POOL, here),
    }
    await asyncio.sleep(0.001)
    return found | {"later": here()}


def change(kind: str = "order") -> None:
    request = pellucid.request()
    request.route = "/changed/{id}"
    request.set("app.kind", kind)
    request.set("app.kind", kind + "!")
    request.set("app.count", 3)
    request.set("app.share", 0.5)
    request.set("app.is_new", True)
    request.set("app.list", [1, "a"])
    request.set("app.huge", 1 << 80)
    request.set("url.path", "not ours to change")
    for i in range(100):
        request.set(f"app.many.{i}", "x" * 2000)
    KEPT.append(request)


def after() -> list:
    """What is left of the requests kept, used as if they went on."""
    found = []
    while KEPT:
        request = KEPT.pop()
        request.set("app.late", 1)
        request.route = "/late"
        request.keep()
        found.append([request.trace_id, request.span_id, request.route, request.phases])
    return found


# --- spans of the app's own ---


@pellucid.span("decorated", number=1)
def decorated(fail: bool = False) -> str:
    """Is decorated."""
    if fail:
        raise KeyError("not here")
    return "done"


@pellucid.span("decorated async")
async def decorated_async() -> str:
    with pellucid.span("inside"):
        await asyncio.sleep(0.001)
    return "done"


def nested() -> list:
    with pellucid.span("outer", kind="x") as outer:
        outer.set("rows", 5)
        headers = {}
        pellucid.inject(headers)
        with pellucid.span("inner"):
            POOL.submit(decorated).result()
        try:
            decorated(fail=True)
        except KeyError:
            pass
    return [headers["traceparent"], decorated.__doc__, decorated.__name__]


def crowd(n: int) -> None:
    """n spans below one, below the request."""
    with pellucid.span("crowd"):
        for number in range(n):
            with pellucid.span("one", number=number):
                pass


async def branch(name: str) -> None:
    async with pellucid.span(name):
        await asyncio.sleep(0.002)
        with pellucid.span(f"{name}.leaf"):
            await asyncio.sleep(0.002)
        await asyncio.to_thread(decorated)


async def branches() -> None:
    async with pellucid.span("outer") as outer:
        assert isinstance(outer, pellucid.Span)
        await asyncio.gather(branch("a"), branch("b"))
        await decorated_async()


def _seconds(context: object, n: int) -> float:
    begun = time.perf_counter()
    for _ in range(n):
        with context():
            pass
    return (time.perf_counter() - begun) / n


def cost(n: int) -> tuple[float, float]:
    """Seconds of a span, and of a lock that is there already."""
    lock = threading.Lock()
    return _seconds(lambda: pellucid.span("x"), n), _seconds(lambda: lock, n)
