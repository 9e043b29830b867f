"""One trace through every process: W3C context, spans, and an exporter where one is configured."""

from opentelemetry.trace import SpanKind

from soma_common.tracing.config import configure_tracing
from soma_common.tracing.context import TraceContext
from soma_common.tracing.tracer import TransactionTracer

__all__ = ["SpanKind", "TraceContext", "TransactionTracer", "configure_tracing"]
