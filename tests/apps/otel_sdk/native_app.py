"""FastAPI, which makes spans of its own where there is an SDK, without any instrumentation."""

from fastapi import FastAPI

from . import nested, spans, work

app = FastAPI()


@app.get("/work/{number}")
async def view(number: int) -> int:
    work()
    return number


@app.get("/nested")
async def nest() -> dict:
    return nested()


@app.get("/spans")
async def tell() -> list:
    return spans()
