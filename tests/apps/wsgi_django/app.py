"""A Django project in one file."""

import io
from pathlib import Path

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import FileResponse, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import include, path, re_path

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="of the tests",
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    DATA_UPLOAD_MAX_MEMORY_SIZE=10_000_000,
)


def index(request):
    return HttpResponse("hello from django")


def order(request, order_id):
    return JsonResponse({"id": order_id, "url": request.build_absolute_uri()})


def form(request):
    upload = request.FILES["upload"]
    return JsonResponse({"fields": request.POST.dict(), "name": upload.name, "size": upload.size})


def raw(request):
    return HttpResponse(str(len(request.body)))


def stream(request):
    return StreamingHttpResponse(iter([b"one", b"", b"two"]))


def file(request):
    return FileResponse(Path(__file__).open("rb"))


def memory(request):
    return FileResponse(io.BytesIO(b"in memory"))


def boom(request):
    raise RuntimeError("in a view")


def show(request, **kwargs):
    return JsonResponse(kwargs)


urlpatterns = [
    path("", index),
    path("orders/<int:order_id>/", order),
    path("form", form),
    path("raw", raw),
    path("stream", stream),
    path("file", file),
    path("memory", memory),
    path("boom", boom),
    path("nested/", include([path("<slug:name>", show), re_path(r"^(?P<year>[0-9]{4})/$", show)])),
    re_path(r"^articles/(?P<year>[0-9]{4})/$", show),
]

django.setup()
app = get_wsgi_application()
