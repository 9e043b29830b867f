"""Servicers of real contracts whose behaviour a test hands in."""

# ruff: noqa: N802 - methods have the names of the contract

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
    """Runs `act` for every method and answers with an empty message."""

    def __init__(self, act: Callable[[], Awaitable[object]]) -> None:
        self._act = act

    async def GetMemory(self, request: memory_pb.GetMemoryRequest, context: Any) -> memory_pb.GetMemoryResponse:
        await self._act()
        return memory_pb.GetMemoryResponse()

    async def DeleteMemory(
        self, request: memory_pb.DeleteMemoryRequest, context: Any
    ) -> memory_pb.DeleteMemoryResponse:
        await self._act()
        return memory_pb.DeleteMemoryResponse()

    async def DeleteBySource(
        self, request: memory_pb.DeleteBySourceRequest, context: Any
    ) -> memory_pb.DeleteBySourceResponse:
        await self._act()
        return memory_pb.DeleteBySourceResponse()

    async def StoreMemory(self, request: memory_pb.StoreMemoryRequest, context: Any) -> memory_pb.StoreMemoryResponse:
        await self._act()
        return memory_pb.StoreMemoryResponse()

    async def RecallMemories(
        self, request: memory_pb.RecallMemoriesRequest, context: Any
    ) -> memory_pb.RecallMemoriesResponse:
        await self._act()
        return memory_pb.RecallMemoriesResponse()


class ScriptedTurns:
    """Streams what `act` yields; a plain class, as the generated base cannot say that ready-made bytes are allowed."""

    def __init__(self, act: Callable[[], AsyncIterator[event_pb.TurnEvent | bytes]]) -> None:
        self._act = act

    async def ResumeTurn(
        self, request: turn_pb.ResumeTurnRequest, context: Any
    ) -> AsyncIterator[event_pb.TurnEvent | bytes]:
        async for event in self._act():
            yield event

    SendMessage = EditMessage = RegenerateMessage = ResumeTurn
    CancelTurn = GetTurn = ListTurns = RateTurn = RebuildPrompt = ResumeTurn
    SubmitToolResult = ResolveApproval = ListApprovals = ResumeTurn


async def nothing() -> None:
    """Succeeds."""


def memory(act: Callable[[], Awaitable[object]] = nothing) -> Added:
    """The memory service, as it is added to a server."""
    return Added(memory_grpc.add_MemoryServiceServicer_to_server, ScriptedMemory(act), "soma.memory.v1.MemoryService")  # type: ignore[abstract]  # no more than the test calls


def turns(act: Callable[[], AsyncIterator[event_pb.TurnEvent | bytes]]) -> Added:
    """The turn service, as it is added to a server."""
    return Added(turn_grpc.add_TurnServiceServicer_to_server, ScriptedTurns(act), "soma.chat.v1.TurnService")


def get_request() -> memory_pb.GetMemoryRequest:
    """A valid request."""
    return memory_pb.GetMemoryRequest(memory_id=MEMORY_ID)


def resume_request() -> turn_pb.ResumeTurnRequest:
    """A valid request."""
    return turn_pb.ResumeTurnRequest(turn_id=TURN_ID)


async def raw_call(
    channel: grpc.aio.Channel, method: str, body: bytes, token: str | None = None, **metadata: str
) -> bytes:
    """A unary call with handmade bytes and, if given, a token and other metadata."""
    sent = [("authorization", f"Bearer {token}")] if token is not None else []
    sent += [(key.replace("_", "-"), value) for key, value in metadata.items()]
    call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
    return await call(body, metadata=tuple(sent), timeout=5)
