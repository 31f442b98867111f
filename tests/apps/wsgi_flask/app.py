"""A small Flask app that uses what Flask leaves to its server."""

import io
import time

from flask import Flask, Response, jsonify, request, send_file, stream_with_context

app = Flask(__name__)


@app.get("/")
def index():
    return "hello from flask"


@app.get("/orders/<int:order_id>")
def order(order_id):
    return jsonify(id=order_id, url=request.url, remote=request.remote_addr)


@app.post("/json")
def echo_json():
    return jsonify(request.get_json())


@app.post("/form")
def form():
    upload = request.files["upload"]
    return jsonify(
        fields=request.form.to_dict(), name=upload.filename, size=len(upload.stream.read())
    )


@app.post("/raw")
def raw():
    size = 0
    while piece := request.stream.read(10_000):
        size += len(piece)
    return str(size)


@app.get("/stream")
def stream():
    @stream_with_context
    def pieces():
        for i in range(3):
            yield f"{request.path}{i},"
            time.sleep(0.01)

    return Response(pieces(), mimetype="text/plain")


@app.get("/file")
def file():
    return send_file(__file__)


@app.get("/memory")
def memory():
    return send_file(io.BytesIO(b"in memory"), mimetype="text/plain")


@app.get("/cookies")
def cookies():
    res = jsonify(request.cookies.to_dict())
    res.set_cookie("seen", "caf\xe9")
    res.set_cookie("other", "2")
    return res


@app.get("/boom/<what>")
def boom(what):
    raise RuntimeError(what)
