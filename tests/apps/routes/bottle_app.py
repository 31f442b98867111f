"""Bottle: rules, and mounts in mounts."""

from bottle import Bottle

app, shop, items = Bottle(), Bottle(), Bottle()


@app.get("/")
def index():
    return "index"


@app.get("/orders/<order_id:int>")
def order(order_id):
    return str(order_id)


@items.get("/<item>")
def item(item):
    return item


@app.get("/boom/<what>")
def boom(what):
    raise RuntimeError(what)


shop.mount("/items/", items)
app.mount("/shop/", shop)
