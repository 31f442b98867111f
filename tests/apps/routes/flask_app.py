"""Flask: nested blueprints, a method view, and a second app below a path."""

from flask import Blueprint, Flask
from flask.views import MethodView
from werkzeug.middleware.dispatcher import DispatcherMiddleware

outer, inner = Flask("outer"), Flask("inner")
shops = Blueprint("shops", __name__, url_prefix="/shops/<shop>")
items = Blueprint("items", __name__, url_prefix="/items")


@items.get("/<item>")
def item(shop, item):
    return f"{shop} {item}"


class Order(MethodView):
    def get(self, order_id):
        return str(order_id)


@outer.get("/boom/<what>")
def boom(what):
    raise RuntimeError(what)


@inner.get("/users/<user>")
def user(user):
    return user


outer.add_url_rule("/orders/<int:order_id>", view_func=Order.as_view("order"))
shops.register_blueprint(items)
outer.register_blueprint(shops)
app = DispatcherMiddleware(outer, {"/api/v1": inner})
