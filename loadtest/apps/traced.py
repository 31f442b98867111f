"""The hello apps below opentelemetry-python, as its documentation sets it up.

TRACES_ENDPOINT: where spans go (OTLP over HTTP); TRACES_RATIO: the share that is sampled.
"""

from __future__ import annotations

import os

import plain
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware as Asgi
from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware as Wsgi
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

provider = TracerProvider(sampler=ParentBased(TraceIdRatioBased(float(os.environ["TRACES_RATIO"]))))
provider.add_span_processor(
    BatchSpanProcessor(OTLPSpanExporter(endpoint=os.environ["TRACES_ENDPOINT"]))
)
trace.set_tracer_provider(provider)

hello_wsgi = Wsgi(plain.hello_wsgi)
hello_asgi = Asgi(plain.hello_asgi)
