"""A Flask app that uses the API."""

from flask import Flask, Response

import pellucid

from . import seen

app = Flask(__name__)


@app.get("/see/<int:number>")
def see(number):
    return {"here": seen.here(), "pool": seen.pool(), "bare": seen.bare_thread()}


@app.get("/async")
async def see_async():
    return await seen.everywhere()


@app.get("/change")
def change():
    seen.change()
    return {}


@app.get("/after")
def after():
    return seen.after()


@app.get("/keep")
def keep():
    pellucid.request().keep()
    return {}


@app.get("/generator")
def generator():
    def pieces():
        for _ in range(3):
            yield seen.here()["trace_id"] + "\n"
        pellucid.request().set("app.pieces", 3)

    return Response(pieces())


@app.get("/boom")
def boom():
    pellucid.request().route = "/boom/{what}"
    raise ValueError("boom")


@app.get("/nested")
def nested():
    return seen.nested()


@app.get("/cost/<int:n>")
def cost(n):
    return list(seen.cost(n))


@app.get("/crowd/<int:n>")
def crowd(n):
    seen.crowd(n)
    return {}


@app.get("/boom/nested")
def boom_nested():
    with pellucid.span("outer", ratio=0.5, text='<b>&"', on=True):
        raise ValueError("<i>no</i>")


@app.get("/kept/nested")
def kept_nested():
    pellucid.request().keep()
    return seen.nested()
