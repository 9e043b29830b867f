"""What travels with a call over two hops: identity, deadline, correlation id and trace."""

import asyncio
import logging
import time

import grpc
import pytest
from opentelemetry import trace

from soma.memory.v1 import memory_service_pb2_grpc as memory_grpc
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.call import RpcCall, acting_as, current_call
from soma_common.rpc.server import ServerSettings
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import user
from soma_common.testing.rpc import RpcHarness, Served
from soma_common.tracing import TraceContext, tracer
from tests.rpc.library.scripted import GET_MEMORY, get_request, memory, raw_call


async def two_hops(rpc: RpcHarness) -> tuple[Served, list[RpcCall], list[TraceContext]]:
    """Edge calls `chat`, which calls `memory`; both note what they see."""
    calls: list[RpcCall] = []
    positions: list[TraceContext] = []

    def note() -> None:
        calls.append(current_call())
        positions.append(TraceContext.current())

    async def inner() -> None:
        note()

    far = await rpc.serve("memory", memory(inner))
    stub = rpc.channel(far, service="chat").stub(memory_grpc.MemoryServiceStub)

    async def outer() -> None:
        note()
        await stub.GetMemory(get_request())

    return await rpc.serve("chat", memory(outer)), calls, positions


async def test_identity_and_correlation_id_reach_the_second_hop(rpc: RpcHarness) -> None:
    near, calls, _ = await two_hops(rpc)
    stub = rpc.channel(near).stub(memory_grpc.MemoryServiceStub)
    with acting_as(user("ada"), "turn-7"):
        await stub.GetMemory(get_request())
    assert [call.correlation_id for call in calls] == ["turn-7", "turn-7"]
    assert [(call.caller.sub, call.caller.service) for call in calls] == [("ada", "edge"), ("ada", "chat")]


async def test_the_deadline_shrinks_on_the_way(rpc: RpcHarness) -> None:
    near, calls, _ = await two_hops(rpc)
    stub = rpc.channel(near, timeout_seconds=60).stub(memory_grpc.MemoryServiceStub)
    started = time.monotonic()
    with acting_as(user(), "deadline", timeout_seconds=2.0):
        await stub.GetMemory(get_request())
    first, second = (call.deadline for call in calls)
    assert first is not None
    assert second is not None
    assert second < first < started + 2.0 + 0.5
    assert first - second < 0.5


async def test_a_call_within_no_time_is_not_sent(rpc: RpcHarness) -> None:
    near, calls, _ = await two_hops(rpc)
    stub = rpc.channel(near).stub(memory_grpc.MemoryServiceStub)
    with acting_as(user(), "late", timeout_seconds=0.001), pytest.raises(SomaError) as caught:
        await stub.GetMemory(get_request())
    assert caught.value.reason is Reason.DEADLINE_EXCEEDED
    assert calls == []


async def test_a_slow_handler_meets_the_callers_deadline(rpc: RpcHarness) -> None:
    ended: list[str] = []

    async def slow() -> None:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    served = await rpc.serve("memory", memory(slow))
    stub = rpc.channel(served).stub(memory_grpc.MemoryServiceStub)
    with acting_as(user(), "slow", timeout_seconds=0.2), pytest.raises(SomaError) as caught:
        await stub.GetMemory(get_request())
    assert caught.value.reason is Reason.DEADLINE_EXCEEDED
    await eventually(lambda: ended)


async def test_a_service_too_slow_for_its_time_is_a_dependency_that_is_down(rpc: RpcHarness) -> None:
    served = await rpc.serve("memory", memory(lambda: asyncio.sleep(30)))
    stub = rpc.channel(served, timeout_seconds=0.1).stub(memory_grpc.MemoryServiceStub)
    with acting_as(user(), "too slow", timeout_seconds=9), pytest.raises(SomaError) as caught:
        await stub.GetMemory(get_request())
    assert caught.value.reason is Reason.DEPENDENCY_DOWN


async def test_a_call_without_a_deadline_gets_one(rpc: RpcHarness) -> None:
    async def slow() -> None:
        await asyncio.sleep(30)

    served = await rpc.serve("memory", memory(slow), settings=ServerSettings(default_unary_seconds=0.1))
    call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = rpc.bare(served).unary_unary(GET_MEMORY)
    token = rpc.identity.user_token()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(get_request().SerializeToString(), metadata=(("authorization", f"Bearer {token}"),))
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_a_timeout_of_the_handlers_own_is_not_the_calls(rpc: RpcHarness) -> None:
    async def fail() -> None:
        async with asyncio.timeout(0):
            await asyncio.sleep(1)

    served = await rpc.serve("memory", memory(fail))
    stub = rpc.channel(served).stub(memory_grpc.MemoryServiceStub)
    with acting_as(user(), "own timeout"), pytest.raises(SomaError) as caught:
        await stub.GetMemory(get_request())
    assert caught.value.reason is Reason.INTERNAL


async def test_one_trace_covers_both_hops(rpc: RpcHarness) -> None:
    near, _, positions = await two_hops(rpc)
    stub = rpc.channel(near).stub(memory_grpc.MemoryServiceStub)
    with acting_as(user(), "trace"), tracer.span("request") as span:
        await stub.GetMemory(get_request())
    assert {position.trace_id for position in positions} == {f"{span.get_span_context().trace_id:032x}"}
    assert len({position.span_id for position in positions}) == 2


async def test_a_callers_traceparent_is_continued(rpc: RpcHarness) -> None:
    near, _, positions = await two_hops(rpc)
    header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    token = rpc.identity.user_token()
    await raw_call(rpc.bare(near), GET_MEMORY, get_request().SerializeToString(), token, traceparent=header)
    assert {position.trace_id for position in positions} == {"4bf92f3577b34da6a3ce929d0e0e4736"}


async def test_a_call_without_a_trace_starts_one_and_leaves_none_behind(rpc: RpcHarness) -> None:
    near, _, positions = await two_hops(rpc)
    for _ in range(2):
        token = rpc.identity.user_token()
        await raw_call(rpc.bare(near), GET_MEMORY, get_request().SerializeToString(), token)
    assert positions[0].trace_id == positions[1].trace_id
    assert positions[2].trace_id == positions[3].trace_id != positions[0].trace_id
    assert not trace.get_current_span().get_span_context().is_valid


async def test_one_line_per_call_tells_method_code_and_duration(
    rpc: RpcHarness, caplog: pytest.LogCaptureFixture
) -> None:
    near, _, _ = await two_hops(rpc)
    stub = rpc.channel(near).stub(memory_grpc.MemoryServiceStub)
    with caplog.at_level(logging.INFO), acting_as(user(), "line"):
        await stub.GetMemory(get_request())
        await rpc.channel(near).check()
    lines = [record.__dict__["data"] for record in caplog.records if record.getMessage() == "rpc finished"]
    assert [(line["method"], line["code"], line["caller"]) for line in lines] == [
        (GET_MEMORY, "OK", "chat"),
        (GET_MEMORY, "OK", "edge"),
    ]
    assert all(line["duration_ms"] > 0 for line in lines)


async def test_a_bad_correlation_id_is_replaced(rpc: RpcHarness) -> None:
    near, calls, _ = await two_hops(rpc)
    token, bad = rpc.identity.user_token(), 'a"} injected {'
    await raw_call(rpc.bare(near), GET_MEMORY, get_request().SerializeToString(), token, x_correlation_id=bad)
    assert "injected" not in calls[0].correlation_id
    assert len(calls[0].correlation_id) == 36


async def test_calling_without_an_identity_is_a_clear_mistake(rpc: RpcHarness) -> None:
    near, _, _ = await two_hops(rpc)
    stub = rpc.channel(near).stub(memory_grpc.MemoryServiceStub)
    with pytest.raises(LookupError, match="acting_as"):
        await stub.GetMemory(get_request())
