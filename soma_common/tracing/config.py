"""Whether and where spans are sent.

Nothing here makes a span. The SDK is imported only when there is somewhere to send them.
"""

from opentelemetry import trace


def configure_tracing(service: str, otlp_endpoint: str | None = None) -> None:
    """Sends this process' spans to an OTLP collector (gRPC, `host:port`); without an endpoint only ids are made.

    Call it once, at start. The exporter is in the extra `observability`.
    """
    if otlp_endpoint is None:
        return
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": service, "service.namespace": "soma"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=otlp_endpoint, insecure=True)))
    trace.set_tracer_provider(provider)
