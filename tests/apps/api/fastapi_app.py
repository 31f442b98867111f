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
