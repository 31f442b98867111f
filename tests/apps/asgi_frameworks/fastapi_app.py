"""A FastAPI app that uses what leans on the server: dependencies, background tasks, streams, files."""

import asyncio
import contextlib
import tempfile
from pathlib import Path

from fastapi import BackgroundTasks, Depends, FastAPI, Request
from fastapi.responses import FileResponse, PlainTextResponse, StreamingResponse

EVENTS = []
FILE = Path(tempfile.mkdtemp()) / "file.bin"


@contextlib.asynccontextmanager
async def lifespan(app):
    FILE.write_bytes(bytes(range(256)) * 4096)
    yield {"db": "open"}
    FILE.unlink()
    FILE.parent.rmdir()


app = FastAPI(lifespan=lifespan)


@app.middleware("http")
async def timing(request: Request, call_next):
    response = await call_next(request)
    response.headers["x-middleware"] = "yes"
    return response


async def dependency():
    EVENTS.append("dependency opened")
    try:
        yield "value"
    except BaseException as exc:
        EVENTS.append(f"dependency saw {type(exc).__name__}")
        raise
    finally:
        EVENTS.append("dependency closed")


@app.get("/items/{item_id}")
async def item(item_id: int, value: str = Depends(dependency)):
    return {"item_id": item_id, "value": value}


@app.get("/sync/{name}")
def in_thread(name: str):
    return {"hello": name}


@app.get("/state")
async def state(request: Request):
    return {"db": request.state.db, "client": request.client, "url": str(request.url)}


@app.post("/body")
async def body(request: Request):
    return {"length": len(await request.body())}


@app.post("/json")
async def json_body(data: dict):
    return data


@app.get("/background")
async def background(tasks: BackgroundTasks):
    async def work():
        await asyncio.sleep(0.3)
        EVENTS.append("background done")

    tasks.add_task(work)
    return {"ok": True}


@app.get("/stream")
async def stream(value: str = Depends(dependency)):
    async def numbers():
        for i in range(10):
            yield f"{i}\n"
            await asyncio.sleep(0.001)

    return StreamingResponse(numbers(), media_type="text/plain")


@app.get("/sse")
async def sse():
    async def events():
        EVENTS.append("sse begun")
        try:
            yield "data: first\n\n"
            await asyncio.sleep(3600)
        finally:
            EVENTS.append("sse closed")

    return StreamingResponse(events(), media_type="text/event-stream")


@app.get("/slow")
async def slow(value: str = Depends(dependency)):
    await asyncio.sleep(3600)


@app.get("/file")
async def file():
    return FileResponse(FILE)


@app.get("/raises")
async def raises():
    raise RuntimeError("the handler is broken")


@app.get("/events")
async def events():
    return EVENTS


@app.get("/forget")
async def forget():
    EVENTS.clear()


@app.get("/text", response_class=PlainTextResponse)
async def text():
    return "text"
