"""The outermost stage: the call's trace, its correlation id, its metrics and its one log line.

Nothing here decides anything about the call.
"""

import re
import time
from typing import ClassVar, Final

from opentelemetry.trace import SpanKind, Status, StatusCode

from soma_common.kernel.ids import Ids
from soma_common.logging import get_logger
from soma_common.logging.context import set_log_context
from soma_common.rpc.interceptors.exchange import Access, Exchange, Proceed
from soma_common.rpc.metrics import RpcMetrics
from soma_common.tracing import TraceContext, tracer

_LOG: Final = get_logger("soma.rpc")
_CORRELATION: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")
# Asked for by machines all the time; a line for each would bury the others.
_SILENT: Final = (
    "/grpc.health.v1.Health/",
    "/soma.control.v1.SessionService/ListEndedSessions",
    "/soma.governor.v1.GovernorService/ReportHealth",
)


class Telemetry:
    """Opens the server span and says how the call ended."""

    name: ClassVar[str] = "telemetry"
    after: ClassVar[frozenset[str]] = frozenset()
    covers: ClassVar[frozenset[Access]] = frozenset(Access)

    def __init__(self, service: str, metrics: RpcMetrics, ids: Ids) -> None:
        self._service = service
        self._metrics = metrics
        self._ids = ids

    async def run(self, exchange: Exchange, proceed: Proceed) -> bytes | None:
        """Runs the call inside its span."""
        exchange.metadata = dict(exchange.context.invocation_metadata() or ())
        exchange.correlation_id = self._correlation_id(exchange)
        set_log_context(service=self._service, correlation_id=exchange.correlation_id)
        path = exchange.shape.path
        parent = TraceContext.parse(exchange.text("traceparent")) or TraceContext.new()
        started = time.perf_counter()
        with self._metrics.in_flight(path), tracer.span(path, SpanKind.SERVER, parent) as span:
            try:
                return await proceed(exchange)
            finally:
                if exchange.code != "OK":
                    span.set_status(Status(StatusCode.ERROR, exchange.code))
                span.set_attribute("rpc.grpc.status", exchange.code)
                self._finished(exchange, time.perf_counter() - started)

    def _correlation_id(self, exchange: Exchange) -> str:
        given = exchange.text("x-correlation-id") or ""
        return given if _CORRELATION.fullmatch(given) else str(self._ids.uuid7())

    def _finished(self, exchange: Exchange, seconds: float) -> None:
        path = exchange.shape.path
        self._metrics.observe(path, exchange.code, seconds)
        if path.startswith(_SILENT):
            return
        said: dict[str, object] = {"method": path, "code": exchange.code, "duration_ms": round(seconds * 1000, 2)}
        if exchange.caller is not None:
            said["caller"] = exchange.caller.service or "user"
        if exchange.failure is not None:
            said["reason"] = exchange.failure.reason.value
        _LOG.info("rpc finished", **said)
