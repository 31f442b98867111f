"""Apps with an OpenTelemetry SDK of their own; each tells at /spans what that has recorded."""

from opentelemetry import baggage, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import pellucid

exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)


def work():
    """A span of the app's own."""
    with trace.get_tracer("app").start_as_current_span("work") as span:
        span.set_attribute("user", str(baggage.get_baggage("user")))


def nested():
    """Spans of both APIs in each other; what inject() and the log filter say inside them."""
    tracer, headers, in_theirs = trace.get_tracer("app"), {}, {}
    with pellucid.span("outer"), tracer.start_as_current_span("middle"):
        pellucid.inject(in_theirs)
        with pellucid.span("inner"):
            pellucid.inject(headers)
            with tracer.start_as_current_span("leaf"):
                pass
        with tracer.start_as_current_span("second leaf"):
            pass
    with tracer.start_as_current_span("last"):
        pass
    return {"inner": headers["traceparent"], "middle": in_theirs["traceparent"]}


def spans():
    """Those that have ended so far, but for requests to /spans."""
    return [
        {
            "name": span.name,
            "kind": span.kind.name,
            "trace_id": f"{span.context.trace_id:032x}",
            "span_id": f"{span.context.span_id:016x}",
            "parent_id": f"{span.parent.span_id:016x}" if span.parent else None,
            "user": span.attributes.get("user"),
        }
        for span in exporter.get_finished_spans()
        if "spans" not in span.name
    ]
