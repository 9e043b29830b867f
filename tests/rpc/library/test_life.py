"""The life of a server: its health and its other standard services, drains, and ports that are taken."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import grpc
import pytest
from grpc_channelz.v1 import channelz_pb2, channelz_pb2_grpc
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.chat.v1 import turn_service_pb2_grpc as turn_grpc
from soma.memory.v1 import memory_service_pb2_grpc as memory_grpc
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.address import ListenFailed
from soma_common.rpc.call import acting_as
from soma_common.rpc.health import DependencyState, HealthBoard
from soma_common.rpc.ops_http import OpsHttp
from soma_common.rpc.serve import serve_until_signal
from soma_common.rpc.server import RpcServer
from soma_common.rpc.stop import StopSignal
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import user
from soma_common.testing.rpc import LOOPBACK, RpcHarness, Served
from tests.rpc.library.scripted import get_request, memory, resume_request, turns

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


async def health_of(channel: grpc.aio.Channel, service: str) -> int:
    check: grpc.aio.UnaryUnaryMultiCallable[health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse]
    check = channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        health_pb2.HealthCheckRequest.SerializeToString,
        health_pb2.HealthCheckResponse.FromString,
    )
    return (await check(health_pb2.HealthCheckRequest(service=service), timeout=5)).status


class Switch:
    """A dependency that is on or off."""

    def __init__(self) -> None:
        self.on = True

    async def check(self) -> None:
        if not self.on:
            raise ConnectionError("off")


async def test_health_per_service_and_per_dependency(rpc: RpcHarness) -> None:
    database, governor, board = Switch(), Switch(), HealthBoard()
    board.watch("database", database.check, 0.02, required=True)
    board.watch("governor", governor.check, 0.02)
    channel = rpc.bare(await rpc.serve("memory", memory(), health=board))
    names = ("", "soma.memory.v1.MemoryService", "dependency.database", "dependency.governor")
    assert [await health_of(channel, name) for name in names] == [SERVING] * 4

    async def states() -> list[int]:
        return [await health_of(channel, name) for name in names]

    async def become(*expected: int) -> None:
        async def same() -> bool:
            return await states() == list(expected)

        await eventually(same)

    governor.on = False
    await become(SERVING, SERVING, SERVING, NOT_SERVING)
    database.on = False
    await become(NOT_SERVING, NOT_SERVING, NOT_SERVING, NOT_SERVING)
    database.on = governor.on = True
    await become(SERVING, SERVING, SERVING, SERVING)


async def test_an_unknown_service_has_no_health(rpc: RpcHarness) -> None:
    channel = rpc.bare(await rpc.serve("memory", memory()))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await health_of(channel, "no.such.Service")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_the_watch_of_health_streams_changes(rpc: RpcHarness) -> None:
    board = HealthBoard()
    channel = rpc.bare(await rpc.serve("memory", memory(), health=board))
    watch: grpc.aio.UnaryStreamMultiCallable[health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse]
    watch = channel.unary_stream(
        "/grpc.health.v1.Health/Watch",
        health_pb2.HealthCheckRequest.SerializeToString,
        health_pb2.HealthCheckResponse.FromString,
    )
    call = watch(health_pb2.HealthCheckRequest(service=""), timeout=5)
    statuses = aiter(call)
    assert (await anext(statuses)).status == SERVING
    board.set("database", DependencyState.DOWN, required=True)
    assert (await anext(statuses)).status == NOT_SERVING
    call.cancel()


async def test_reflection_lists_services_and_describes_them_without_a_token(rpc: RpcHarness) -> None:
    channel: Any = rpc.bare(await rpc.serve("memory", memory()))
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)

    async def ask() -> AsyncIterator[reflection_pb2.ServerReflectionRequest]:
        yield reflection_pb2.ServerReflectionRequest(list_services="")
        yield reflection_pb2.ServerReflectionRequest(file_containing_symbol="soma.memory.v1.MemoryService")

    answers = [each async for each in stub.ServerReflectionInfo(ask())]
    names = {service.name for service in answers[0].list_services_response.service}
    assert {"soma.memory.v1.MemoryService", "grpc.health.v1.Health"} <= names
    assert answers[1].file_descriptor_response.file_descriptor_proto


async def test_channelz_is_for_operators(rpc: RpcHarness) -> None:
    channel: Any = rpc.bare(await rpc.serve("memory", memory()))
    stub: Any = channelz_pb2_grpc.ChannelzStub(channel)

    async def ask(token: str | None) -> grpc.StatusCode:
        metadata = (("authorization", f"Bearer {token}"),) if token else ()
        try:
            await stub.GetServers(channelz_pb2.GetServersRequest(), metadata=metadata, timeout=5)
        except grpc.aio.AioRpcError as error:
            return error.code()
        return grpc.StatusCode.OK

    assert await ask(None) is grpc.StatusCode.UNAUTHENTICATED
    assert await ask(rpc.identity.user_token(roles=("member",))) is grpc.StatusCode.PERMISSION_DENIED
    assert await ask(rpc.identity.user_token(roles=("operator",))) is grpc.StatusCode.OK


async def get(port: int, path: str) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"http://{LOOPBACK}:{port}{path}") as reply:
        return reply.status, await (reply.json() if "json" in reply.content_type else reply.text())


async def test_the_face_for_operators(rpc: RpcHarness) -> None:
    board = HealthBoard()
    served = await rpc.serve("memory", memory(), health=board)
    ops = OpsHttp("memory", "1.2.3", f"{LOOPBACK}:0", board, served.server.registry)
    port = await ops.start()
    stub = rpc.channel(served).stub(memory_grpc.MemoryServiceStub)
    with acting_as(user(), "metrics"):
        await stub.GetMemory(get_request())
    assert (await get(port, "/healthz"))[0] == 200
    assert (await get(port, "/readyz"))[0] == 200
    assert (await get(port, "/v1/health"))[1] == {
        "status": "healthy",
        "service": "memory",
        "version": "1.2.3",
        "dependencies": {},
    }
    board.set("milvus", DependencyState.DOWN)
    assert (await get(port, "/v1/health"))[1]["status"] == "degraded"
    assert (await get(port, "/readyz"))[0] == 200
    board.set("database", DependencyState.DOWN, required=True)
    status, body = await get(port, "/readyz")
    assert (status, body["ready"], body["dependencies"]["database"]["state"]) == (503, False, "down")
    assert (await get(port, "/v1/health"))[1]["status"] == "unhealthy"
    status, text = await get(port, "/metrics")
    assert 'soma_rpc_server_seconds_count{code="OK",method="/soma.memory.v1.MemoryService/GetMemory"} 1.0' in text
    assert 'soma_rpc_server_in_flight{method="/soma.memory.v1.MemoryService/GetMemory"} 0.0' in text
    await ops.stop()


class Slow:
    """A handler that waits for a word, and notes that it ran to its end."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.go_on = asyncio.Event()
        self.finished = 0

    async def __call__(self) -> None:
        self.entered.set()
        await self.go_on.wait()
        self.finished += 1


async def running_call(rpc: RpcHarness, served: Served, slow: Slow) -> "asyncio.Task[object]":
    stub = rpc.channel(served).stub(memory_grpc.MemoryServiceStub)

    async def call() -> object:
        with acting_as(user(), "running"):
            return await stub.GetMemory(get_request())

    task = asyncio.create_task(call())
    await slow.entered.wait()
    return task


async def reason_of(call: Callable[[], Awaitable[object]]) -> Reason | None:
    with acting_as(user(), "probe"):
        try:
            await call()
        except SomaError as error:
            return error.reason
    return None


async def test_a_drain_refuses_new_calls_and_finishes_the_running_ones(rpc: RpcHarness) -> None:
    slow, handing_over, board = Slow(), asyncio.Event(), HealthBoard()
    served = await rpc.serve("memory", memory(slow), health=board)
    running = await running_call(rpc, served, slow)
    stub = rpc.channel(served).stub(memory_grpc.MemoryServiceStub)
    channel = rpc.bare(served)
    assert await health_of(channel, "") == SERVING
    draining = asyncio.create_task(served.server.drain(10, handing_over.wait))

    async def says_so() -> bool:
        return await health_of(channel, "") == NOT_SERVING

    await eventually(says_so)
    assert await reason_of(lambda: stub.GetMemory(get_request())) is Reason.SHUTTING_DOWN
    assert not board.snapshot().serving
    handing_over.set()
    slow.go_on.set()
    await running
    await draining
    assert slow.finished == 1
    assert await reason_of(lambda: stub.GetMemory(get_request())) is Reason.DEPENDENCY_DOWN


async def test_a_drain_ends_in_time_even_if_work_does_not(rpc: RpcHarness) -> None:
    slow = Slow()
    served = await rpc.serve("memory", memory(slow))
    running = await running_call(rpc, served, slow)

    async def never() -> None:
        await asyncio.Event().wait()

    async with asyncio.timeout(5):
        await served.server.drain(0.3, never)
        with pytest.raises(SomaError):
            await running
    assert slow.finished == 0


async def test_a_watch_of_the_health_does_not_hold_a_drain_up(rpc: RpcHarness) -> None:
    served = await rpc.serve("memory", memory())
    watch: grpc.aio.UnaryStreamMultiCallable[bytes, bytes]
    watch = rpc.bare(served).unary_stream("/grpc.health.v1.Health/Watch")
    call = watch(b"")
    await anext(aiter(call))
    async with asyncio.timeout(3):
        await served.server.drain(60)
    call.cancel()


async def test_a_failing_finish_does_not_stop_the_stop(rpc: RpcHarness) -> None:
    served = await rpc.serve("memory", memory())

    async def breaks() -> None:
        raise RuntimeError("cannot")

    await served.server.drain(1, breaks)
    stub = rpc.channel(served).stub(memory_grpc.MemoryServiceStub)
    assert await reason_of(lambda: stub.GetMemory(get_request())) is Reason.DEPENDENCY_DOWN


async def test_sigterm_drains_and_a_second_one_hastens(rpc: RpcHarness) -> None:
    slow, board = Slow(), HealthBoard()
    server = RpcServer("memory", f"{LOOPBACK}:0", rpc.identity.verifier(), board)
    stop = StopSignal()
    stop.install()

    async def never() -> None:
        slow.entered.set()
        await slow.go_on.wait()

    life = asyncio.create_task(serve_until_signal(server, None, never, grace_seconds=60, stop=stop))
    await eventually(lambda: board.snapshot().serving)
    os.kill(os.getpid(), signal.SIGTERM)
    await slow.entered.wait()
    assert not life.done()
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(5):
        await life


async def test_a_taken_port_is_one_sentence_and_exit_code_1(rpc: RpcHarness) -> None:
    served = await rpc.serve("memory", memory())
    second = RpcServer("chat", served.target, rpc.identity.verifier(), HealthBoard())
    with pytest.raises(ListenFailed) as caught:
        await second.start()
    assert str(caught.value).startswith(f"The service chat cannot listen on {served.target}: another process")
    assert isinstance(caught.value, SystemExit)
    ops = OpsHttp("chat", "1", served.target, HealthBoard(), served.server.registry)
    with pytest.raises(ListenFailed, match="another process"):
        await ops.start()


async def test_calls_go_round_and_pass_over_a_replica_that_is_gone(rpc: RpcHarness) -> None:
    counts = [0, 0]

    def counting(index: int) -> Callable[[], Awaitable[None]]:
        async def count() -> None:
            counts[index] += 1

        return count

    first = await rpc.serve("memory", memory(counting(0)))
    second = await rpc.serve("memory", memory(counting(1)))
    stub = rpc.channel(first, second).stub(memory_grpc.MemoryServiceStub)
    with acting_as(user(), "round"):
        for _ in range(10):
            await stub.GetMemory(get_request())
        assert counts == [5, 5]
        await first.server.drain(0)
        for _ in range(10):
            await stub.GetMemory(get_request())
    assert counts == [5, 15]


async def test_a_service_is_well_while_one_of_its_replicas_is(rpc: RpcHarness) -> None:
    sick, healthy = await rpc.serve("memory", memory()), await rpc.serve("memory", memory())
    channel = rpc.channel(sick, healthy)
    sick.server.health.set("database", DependencyState.DOWN, required=True)
    await eventually(lambda: not sick.server.health.snapshot().serving)
    for _ in range(4):
        await channel.check()
    await sick.server.drain(0)
    for _ in range(4):
        await channel.check()
    await healthy.server.drain(0)
    with pytest.raises(SomaError):
        await channel.check()


async def test_a_service_that_is_not_there_is_a_dependency_that_is_down(rpc: RpcHarness) -> None:
    served = await rpc.serve("memory", memory())
    channel = rpc.channel(served)
    await channel.check()
    await served.server.drain(0)
    stub = channel.stub(memory_grpc.MemoryServiceStub)
    with acting_as(user(), "gone"), pytest.raises(SomaError) as caught:
        await stub.GetMemory(get_request())
    assert caught.value.reason is Reason.DEPENDENCY_DOWN
    assert caught.value.metadata == {"dependency": "MemoryService"}
    with pytest.raises(SomaError):
        await channel.check()


async def test_a_server_that_dies_in_a_stream_is_a_dependency_that_is_down(rpc: RpcHarness) -> None:
    async def two() -> AsyncIterator[event_pb.TurnEvent | bytes]:
        yield event_pb.TurnEvent(sequence=1)
        await asyncio.Event().wait()

    served = await rpc.serve("chat", turns(two))
    stub = rpc.channel(served).stub(turn_grpc.TurnServiceStub)
    with acting_as(user(), "dies"):
        events = aiter(stub.ResumeTurn(resume_request()))
        assert (await anext(events)).sequence == 1
        await served.server.drain(0)
        with pytest.raises(SomaError) as caught:
            await anext(events)
    assert caught.value.reason is Reason.DEPENDENCY_DOWN
