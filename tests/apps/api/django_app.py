"""A Django project that uses the API; `wsgi` and `asgi` serve the same views."""

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path

from . import seen

settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="of the tests")


def see(request, number):
    return JsonResponse({"here": seen.here(), "pool": seen.pool()})


async def see_async(request):
    return JsonResponse(await seen.everywhere())


def change(request):
    seen.change()
    return JsonResponse({})


def after(request):
    return JsonResponse({"after": seen.after()})


urlpatterns = [
    path("see/<int:number>", see),
    path("async", see_async),
    path("change", change),
    path("after", after),
]

wsgi = get_wsgi_application()
asgi = get_asgi_application()
