"""Spans reach a collector where one is configured; the collector here is a real OTLP server."""

# ruff: noqa: N802 - methods have the names of the protocol

import asyncio
import sys
from typing import Any

import grpc
import pytest

from soma_common.testing.rpc import LOOPBACK

collector_pb = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
collector_grpc = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc")

PROGRAM = """
import sys
from soma_common.tracing import TraceContext, configure_tracing, tracer
configure_tracing("chat", sys.argv[1])
parent = TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
with tracer.span("outer", parent=parent, lane="memory"):
    with tracer.span("inner"):
        print(TraceContext.current().trace_id)
"""


class Collector:
    """Keeps the spans it is sent."""

    def __init__(self) -> None:
        self.spans: dict[str, Any] = {}
        self.services: set[str] = set()

    async def Export(self, request: Any, context: Any) -> Any:
        for resource in request.resource_spans:
            attributes = {each.key: each.value.string_value for each in resource.resource.attributes}
            self.services.add(attributes["service.name"])
            for scope in resource.scope_spans:
                self.spans |= {span.name: span for span in scope.spans}
        return collector_pb.ExportTraceServiceResponse()


async def test_spans_are_sent_with_their_trace_parents_and_service() -> None:
    collector = Collector()
    server = grpc.aio.server()
    collector_grpc.add_TraceServiceServicer_to_server(collector, server)
    port = server.add_insecure_port(f"{LOOPBACK}:0")
    await server.start()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, f"{LOOPBACK}:{port}", stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    await server.stop(0)
    assert said.decode().strip() == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert collector.services == {"chat"}
    outer, inner = collector.spans["outer"], collector.spans["inner"]
    assert outer.trace_id.hex() == inner.trace_id.hex() == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert outer.parent_span_id.hex() == "00f067aa0ba902b7"
    assert inner.parent_span_id == outer.span_id
