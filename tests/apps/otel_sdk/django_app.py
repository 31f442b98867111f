"""Django with opentelemetry-instrumentation-django."""

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, JsonResponse
from django.urls import path
from opentelemetry.instrumentation.django import DjangoInstrumentor

from . import spans, work

settings.configure(
    ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="of tests", LOGGING_CONFIG=None,
    MIDDLEWARE=[],
)  # fmt: skip
DjangoInstrumentor().instrument()
django.setup()


def view(request, number):
    work()
    return HttpResponse(str(number))


def tell(request):
    return JsonResponse(spans(), safe=False)


urlpatterns = [path("work/<int:number>", view), path("spans", tell)]
app = get_wsgi_application()
asgi_app = get_asgi_application()
