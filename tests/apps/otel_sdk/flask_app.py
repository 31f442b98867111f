"""Flask with opentelemetry-instrumentation-flask."""

from flask import Flask
from opentelemetry.instrumentation.flask import FlaskInstrumentor

from . import nested, spans, work

app = Flask(__name__)
FlaskInstrumentor().instrument_app(app)


@app.get("/work/<int:number>")
def view(number):
    work()
    return str(number)


@app.get("/nested")
def nest():
    return nested()


@app.get("/spans")
def tell():
    return spans()
