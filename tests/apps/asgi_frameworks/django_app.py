"""A Django project in one file, served by its ASGI handler."""

import asyncio

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.signals import request_finished
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path

EVENTS = []

settings.configure(
    DEBUG=False,
    SECRET_KEY="for tests only",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
)


async def hello(request, name):
    return HttpResponse(f"hello {name}")


def sync(request):
    return JsonResponse({"body": len(request.body), "meta": request.META["REMOTE_ADDR"]})


async def stream(request):
    async def parts():
        for i in range(5):
            yield f"{i}\n"
            await asyncio.sleep(0.001)

    return StreamingHttpResponse(parts())


async def slow(request):
    EVENTS.append("slow begun")
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        EVENTS.append("slow cancelled")
        raise


async def raises(request):
    raise RuntimeError("the view is broken")


async def events(request):
    return JsonResponse(EVENTS, safe=False)


urlpatterns = [
    path("hello/<str:name>", hello),
    path("sync", sync),
    path("stream", stream),
    path("slow", slow),
    path("raises", raises),
    path("events", events),
]

request_finished.connect(lambda **_: EVENTS.append("request finished"), weak=False)
django.setup()
app = get_asgi_application()
