"""Stubs of the chat house, and what tests of its resources make."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from servers.chat.conversations.watching import Watchers
from soma.chat.v1 import agent_service_pb2_grpc as agent_grpc
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1 import conversation_service_pb2_grpc as conversation_grpc
from soma.memory.v1 import memory_service_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2_grpc as memory_grpc
from soma_common.postgres.pool import Database, HouseDatabase
from soma_common.rpc.call import RpcCall, current_call
from soma_common.sagas.orchestrator import SagaOrchestrator
from soma_common.testing.clock import SetClock


@dataclass
class ScriptedMemory:
    """What stands at the door of the memory service: notes what it is asked, and refuses as long as it is told to."""

    refusals: list[Exception] = field(default_factory=list)
    asked: list[tuple[RpcCall, memory_pb.DeleteBySourceRequest]] = field(default_factory=list)

    def __getattr__(self, name: str) -> object:
        """Whatever else the contract has is not asked here."""
        return getattr(memory_grpc.MemoryServiceServicer, name)

    async def DeleteBySource(  # noqa: N802 - the contract's name
        self, request: memory_pb.DeleteBySourceRequest, _: Any
    ) -> memory_pb.DeleteBySourceResponse:
        self.asked.append((current_call(), request))
        if self.refusals:
            raise self.refusals.pop(0)
        return memory_pb.DeleteBySourceResponse(forgotten_count=3)


@dataclass(frozen=True)
class Chat:
    """Stubs as the edge has them, and what stands behind."""

    agents: agent_grpc.AgentServiceStub
    conversations: conversation_grpc.ConversationServiceStub
    clock: SetClock
    database: Database
    sagas: SagaOrchestrator
    memory: ScriptedMemory
    agents_for_control: agent_grpc.AgentServiceStub
    watchers: Watchers
    urls: HouseDatabase


async def make_conversation(chat: Chat, title: str = "") -> conversation_pb.Conversation:
    request = conversation_pb.CreateConversationRequest(title=title, request_id=str(uuid4()))
    return (await chat.conversations.CreateConversation(request)).conversation
