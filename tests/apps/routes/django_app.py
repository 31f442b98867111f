"""Django: paths and patterns, include() in include(), with parameters in the prefixes."""

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import include, path, re_path

settings.configure(
    ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="of tests", LOGGING_CONFIG=None
)
django.setup()


def echo(request, **values):
    return HttpResponse(repr(values))


def boom(request, what):
    raise RuntimeError(what)


items = [path("<str:item>", echo), path("boom/<str:what>/", boom)]
shops = [path("items/", include(items)), re_path(r"^pages/(?P<page>\d+)$", echo)]
urlpatterns = [
    path("", echo),
    path("orders/<int:order_id>", echo),
    path("shops/<slug:shop>/", include(shops)),
]
app = get_wsgi_application()
asgi_app = get_asgi_application()
