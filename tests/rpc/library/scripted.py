"""Servicers of real contracts whose behaviour a test hands in."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.chat.v1 import turn_service_pb2_grpc as turn_grpc
from soma.memory.v1 import memory_service_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2_grpc as memory_grpc

from soma_common.testing.rpc import Added

MEMORY_ID = "0198c0de-0000-7000-8000-0000000000aa"
TURN_ID = "0198c0de-0000-7000-8000-0000000000bb"
GET_MEMORY = "/soma.memory.v1.MemoryService/GetMemory"


class ScriptedMemory(memory_grpc.MemoryServiceServicer):
    """Runs `act` for GetMemory and DeleteMemory."""

    def __init__(self, act: Callable[[], Awaitable[object]]) -> None:
        self._act = act
        self.calls = 0

    async def GetMemory(self, request: memory_pb.GetMemoryRequest, context: Any) -> memory_pb.GetMemoryResponse:
        self.calls += 1
        await self._act()
        return memory_pb.GetMemoryResponse()

    async def DeleteMemory(
        self, request: memory_pb.DeleteMemoryRequest, context: Any
    ) -> memory_pb.DeleteMemoryResponse:
        self.calls += 1
        await self._act()
        return memory_pb.DeleteMemoryResponse()


class ScriptedTurns(turn_grpc.TurnServiceServicer):
    """Streams what `act` yields for ResumeTurn."""

    def __init__(self, act: Callable[[], AsyncIterator[event_pb.TurnEvent | bytes]]) -> None:
        self._act = act

    async def ResumeTurn(
        self, request: turn_pb.ResumeTurnRequest, context: Any
    ) -> AsyncIterator[event_pb.TurnEvent | bytes]:
        async for event in self._act():
            yield event


async def nothing() -> None:
    """Succeeds."""


def memory(act: Callable[[], Awaitable[object]] = nothing) -> Added:
    """The memory service, as it is added to a server."""
    return Added(memory_grpc.add_MemoryServiceServicer_to_server, ScriptedMemory(act), "soma.memory.v1.MemoryService")


def turns(act: Callable[[], AsyncIterator[event_pb.TurnEvent | bytes]]) -> Added:
    """The turn service, as it is added to a server."""
    return Added(turn_grpc.add_TurnServiceServicer_to_server, ScriptedTurns(act), "soma.chat.v1.TurnService")


def get_request() -> memory_pb.GetMemoryRequest:
    """A valid request."""
    return memory_pb.GetMemoryRequest(memory_id=MEMORY_ID)


def resume_request() -> turn_pb.ResumeTurnRequest:
    """A valid request."""
    return turn_pb.ResumeTurnRequest(turn_id=TURN_ID)


async def raw_call(channel: grpc.aio.Channel, method: str, body: bytes, token: str | None = None) -> bytes:
    """A unary call with handmade bytes and, if given, a token."""
    metadata = () if token is None else (("authorization", f"Bearer {token}"),)
    reply: bytes = await channel.unary_unary(method)(body, metadata=metadata, timeout=5)
    return reply
