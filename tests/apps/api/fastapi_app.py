"""A FastAPI app that uses the API."""

import asyncio

from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import StreamingResponse

import pellucid

from . import seen

app = FastAPI()
BACKGROUND = []


@app.get("/see/{number}")
def see(number: int):
    return {"here": seen.here(), "pool": seen.pool(), "bare": seen.bare_thread()}


@app.get("/async")
async def see_async():
    return await seen.everywhere()


@app.get("/change")
async def change():
    seen.change()
    return {}


@app.get("/after")
async def after():
    return seen.after()


@app.get("/keep")
async def keep():
    pellucid.request().keep()
    return {}


@app.get("/generator")
async def generator():
    async def pieces():
        for _ in range(3):
            await asyncio.sleep(0.001)
            yield seen.here()["trace_id"] + "\n"

    return StreamingResponse(pieces())


async def work():
    await asyncio.sleep(0.01)
    request = pellucid.request()
    request.set("app.late", 1)
    BACKGROUND.append(seen.here())


@app.get("/background")
async def background(tasks: BackgroundTasks):
    tasks.add_task(work)
    return seen.here()


@app.get("/background/result")
async def background_result():
    return BACKGROUND


@app.get("/two/{ms}")
async def two(ms: int):
    before = seen.here()["trace_id"]
    await asyncio.sleep(ms / 1000)
    return [before, seen.here()["trace_id"]]


@app.get("/nested")
def nested():
    return seen.nested()


@app.get("/crowd/{n}")
async def crowd(n: int):
    seen.crowd(n)
    return {}


@app.get("/boom/nested")
async def boom_nested():
    with pellucid.span("outer", ratio=0.5, text='<b>&"', on=True):
        raise ValueError("<i>no</i>")


@app.get("/branches")
async def branches():
    await seen.branches()
    return {}


@app.get("/cost/{n}")
async def cost(n: int):
    return seen.cost(n)


async def work_in_span():
    await asyncio.sleep(0.01)
    with pellucid.span("in background"):
        await asyncio.sleep(0.001)


@app.get("/background/span")
async def background_span(tasks: BackgroundTasks):
    tasks.add_task(work_in_span)
    return {}


@app.get("/cancelled")
async def cancelled():
    async def wait():
        with pellucid.span("cancelled"):
            await asyncio.sleep(60)

    task = asyncio.create_task(wait())
    await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.wait([task])
    return {}
