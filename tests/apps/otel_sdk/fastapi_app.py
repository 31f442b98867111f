"""FastAPI with opentelemetry-instrumentation-fastapi."""

from fastapi import FastAPI
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

from . import spans, work

app = FastAPI()


@app.get("/work/{number}")
async def view(number: int) -> int:
    work()
    return number


@app.get("/threads/{number}")
def in_a_thread(number: int) -> int:
    work()
    return number


@app.get("/spans")
async def tell() -> list:
    return spans()


FastAPIInstrumentor.instrument_app(app, exclude_spans=["receive", "send"])
