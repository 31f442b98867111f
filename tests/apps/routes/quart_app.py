"""Quart: rules, nested blueprints, a stream, a failure."""

from quart import Blueprint, Quart

app = Quart(__name__)
shops = Blueprint("shops", __name__, url_prefix="/shops/<shop>")
items = Blueprint("items", __name__, url_prefix="/items")


@app.get("/")
async def index():
    return "index"


@app.get("/orders/<int:order_id>")
async def order(order_id):
    return str(order_id)


@app.get("/plain/<name>")
def plain(name):
    return name


@app.get("/streams/<name>")
async def stream(name):
    async def parts():
        yield b"a"
        yield name.encode()

    return parts(), 200


@app.get("/boom/<what>")
async def boom(what):
    raise RuntimeError(what)


@items.get("/<item>")
async def item(shop, item):
    return f"{shop} {item}"


shops.register_blueprint(items)
app.register_blueprint(shops)
