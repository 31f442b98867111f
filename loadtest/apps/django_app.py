"""Django in one file: a route with a parameter, the default settings otherwise."""

from __future__ import annotations

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="load test",
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
)


def hello(request: HttpRequest, name: str) -> HttpResponse:
    """Greets."""
    return HttpResponse(f"Hello, {name}!", content_type="text/plain")


urlpatterns = [path("hello/<str:name>", hello)]
application = get_wsgi_application()
