"""A person's branches: asking anew, saying it otherwise, and the tree as clients are told it."""

from typing import Any
from uuid import uuid4

from google.protobuf.field_mask_pb2 import FieldMask

from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.chat.v1.conversation_service_pb2_grpc import ConversationServiceStub
from tests.integration.chat.person import Person, Told


class Tree:
    """One conversation of a person."""

    def __init__(self, person: Person, conversation_id: str) -> None:
        self.person = person
        self.id = conversation_id
        self.stub: Any = person.stub("chat", ConversationServiceStub)

    async def conversation(self) -> conversation_pb.Conversation:
        """It, as it stands."""
        with self.person.acting():
            request = conversation_pb.GetConversationRequest(conversation_id=self.id)
            answer: conversation_pb.GetConversationResponse = await self.stub.GetConversation(request)
            return answer.conversation

    async def messages(self, **fields: Any) -> list[message_pb.Message]:
        """A branch, or all of them."""
        with self.person.acting():
            request = conversation_pb.ListMessagesRequest(conversation_id=self.id, **fields)
            return list((await self.stub.ListMessages(request)).messages)

    async def said(self, **fields: Any) -> list[str]:
        """What a branch says."""
        return [message.content[0].text if message.content else "" for message in await self.messages(**fields)]

    async def choose(self, message_id: str) -> conversation_pb.Conversation:
        """Goes to the branch of a message."""
        wanted = conversation_pb.Conversation(conversation_id=self.id, current_leaf_message_id=message_id)
        request = conversation_pb.UpdateConversationRequest(
            conversation=wanted, update_mask=FieldMask(paths=["current_leaf_message_id"]), request_id=str(uuid4())
        )
        with self.person.acting():
            answer: conversation_pb.UpdateConversationResponse = await self.stub.UpdateConversation(request)
            return answer.conversation


async def follow(person: Person, stub: Any, request: Any) -> Told:
    """Sends a request of any kind that streams, and reads to the end."""
    told = Told()
    with person.acting():
        replies = stub(request)
    async for event in replies:
        told.take(event)
    return told


def regeneration(message_id: str, **fields: Any) -> turn_pb.RegenerateMessageRequest:
    """A request for another answer."""
    fields.setdefault("request_id", str(uuid4()))
    return turn_pb.RegenerateMessageRequest(message_id=message_id, **fields)


def edit(message_id: str, text: str, **fields: Any) -> turn_pb.EditMessageRequest:
    """A request for other words."""
    fields.setdefault("request_id", str(uuid4()))
    return turn_pb.EditMessageRequest(message_id=message_id, content=[message_pb.ContentPart(text=text)], **fields)
