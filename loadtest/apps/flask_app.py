"""Flask: a route with a parameter."""

from __future__ import annotations

from flask import Flask

app = Flask(__name__)


@app.get("/hello/<name>")
def hello(name: str) -> str:
    """Greets."""
    return f"Hello, {name}!"
