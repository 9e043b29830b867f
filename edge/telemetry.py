"""The outermost layer: the trace, the correlation id, one log line a request, and the net under everything.

Nothing here knows routes, tokens or messages.
"""

import time
from collections.abc import Callable
from typing import Final

from opentelemetry.trace import SpanKind
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.exchange import CORRELATION, Exchange, attach
from edge.problems import OPENAI_PREFIX, problem_response
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.logging import get_logger
from soma_common.logging.context import set_log_context
from soma_common.tracing import TraceContext, tracer

_LOG: Final = get_logger("soma.edge")
_BUCKETS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)
# Asked for by machines all the time; a line for each would bury the others.
_SILENT: Final = frozenset(("/api/v1/health",))


class EdgeMetrics:
    """What the edge counts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.seconds = Histogram(
            "soma_edge_http_seconds",
            "Time from a request to the end of its answer, by method, route and status.",
            ("method", "route", "status"),
            buckets=_BUCKETS,
            registry=registry,
        )
        self.sockets = Gauge("soma_edge_sockets", "WebSockets that are open now.", registry=registry)
        self.turns = Counter(
            "soma_edge_turns_total",
            "Turns that were followed to an end, by door and outcome.",
            ("door", "outcome"),
            registry=registry,
        )


class Telemetry:
    """Wraps the app; a SomaError becomes its answer, anything else an error id."""

    def __init__(self, app: ASGIApp, metrics: EdgeMetrics, ids: Ids) -> None:
        self._app = app
        self._metrics = metrics
        self._ids = ids

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or one socket."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-correlation-id", "")
        exchange = Exchange(given if CORRELATION.fullmatch(given) else str(self._ids.uuid7()))
        attach(scope, exchange)
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        set_log_context(service="edge", correlation_id=exchange.correlation_id)
        with tracer.span(
            f"HTTP {scope['method']}",
            SpanKind.SERVER,
            TraceContext.parse(headers.get("traceparent")) or TraceContext.new(),
        ):
            await self._http(scope, receive, send, exchange)

    async def _http(self, scope: Scope, receive: Receive, send: Send, exchange: Exchange) -> None:
        started, status = time.perf_counter(), 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                sent = MutableHeaders(raw=message["headers"])
                sent["x-correlation-id"] = exchange.correlation_id
                if scope["path"].startswith(OPENAI_PREFIX):
                    sent["x-request-id"] = exchange.correlation_id
            await send(message)

        try:
            await self._guarded(scope, receive, watched, lambda: status != 0)
        except ClientDisconnect:
            status = status or 499
        finally:
            self._finished(scope, exchange, status or 499, time.perf_counter() - started)

    async def _guarded(self, scope: Scope, receive: Receive, send: Send, answered: Callable[[], bool]) -> None:
        try:
            await self._app(scope, receive, send)
            return
        except SomaError as error:
            failure = error
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001 - the outermost net of this task: no text may get through
            error_id = str(self._ids.uuid7())
            _LOG.error("unexpected error in the edge", error_id=error_id, path=scope["path"], exc_info=error)
            failure = SomaError(Reason.INTERNAL, {"error_id": error_id})
        if not answered():
            await problem_response(failure, openai=scope["path"].startswith(OPENAI_PREFIX))(scope, receive, send)

    def _finished(self, scope: Scope, exchange: Exchange, status: int, seconds: float) -> None:
        route = exchange.route or "(none)"
        self._metrics.seconds.labels(scope["method"], route, str(status)).observe(seconds)
        if route in _SILENT:
            return
        caller = exchange.identity.caller if exchange.identity is not None else None
        if caller is not None:
            set_log_context(correlation_id=exchange.correlation_id, tenant_id=str(caller.tenant_id))
        _LOG.info(
            "http finished", method=scope["method"], route=route, status=status, duration_ms=round(seconds * 1000, 2)
        )
