"""FastAPI: a route with a parameter."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

app = FastAPI()


@app.get("/hello/{name}", response_class=PlainTextResponse)
async def hello(name: str) -> str:
    """Greets."""
    return f"Hello, {name}!"
