"""Stubs of the chat house, and what tests of its resources make."""

from dataclasses import dataclass
from uuid import uuid4

from soma.chat.v1 import agent_service_pb2_grpc as agent_grpc
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1 import conversation_service_pb2_grpc as conversation_grpc
from soma_common.postgres.pool import Database
from soma_common.testing.clock import SetClock


@dataclass(frozen=True)
class Chat:
    """Stubs as the edge has them, and what stands behind."""

    agents: agent_grpc.AgentServiceStub
    conversations: conversation_grpc.ConversationServiceStub
    clock: SetClock
    database: Database
    agents_for_control: agent_grpc.AgentServiceStub


async def make_conversation(chat: Chat, title: str = "") -> conversation_pb.Conversation:
    request = conversation_pb.CreateConversationRequest(title=title, request_id=str(uuid4()))
    return (await chat.conversations.CreateConversation(request)).conversation
