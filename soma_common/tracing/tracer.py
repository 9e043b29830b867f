"""Spans: the pieces of work a trace consists of.

Without an exporter a span records nothing, but its ids exist and travel all the same. Nothing here knows gRPC or HTTP.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from soma_common.tracing.context import TraceContext

Attribute = str | bool | int | float


class TransactionTracer:
    """Makes spans under one instrumentation name."""

    def __init__(self, name: str = "soma") -> None:
        self._tracer = trace.get_tracer(name)

    def start(
        self, name: str, kind: SpanKind = SpanKind.INTERNAL, parent: TraceContext | None = None, **attributes: Attribute
    ) -> Span:
        """A span that the caller ends itself; `parent` defaults to the active position."""
        origin = None if parent is None else trace.set_span_in_context(parent.as_span(remote=True))
        span = self._tracer.start_span(name, origin, kind, attributes)
        if span.is_recording():
            return span
        # No exporter: the API would repeat the parent's span id or have none at all.
        return (parent or TraceContext.current()).child().as_span()

    @contextmanager
    def span(
        self, name: str, kind: SpanKind = SpanKind.INTERNAL, parent: TraceContext | None = None, **attributes: Attribute
    ) -> Iterator[Span]:
        """A span around the block; it is active inside, and an exception marks it as failed by its class only."""
        span = self.start(name, kind, parent, **attributes)
        token = otel_context.attach(trace.set_span_in_context(span))
        try:
            yield span
        except BaseException as error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
        finally:
            otel_context.detach(token)
            span.end()


_TRACER: Final = TransactionTracer()
span = _TRACER.span
start = _TRACER.start
