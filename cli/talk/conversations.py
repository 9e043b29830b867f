"""The owner's own conversations: finding the newest one, listing some, looking one up.

Nothing here prints.
"""

from typing import TYPE_CHECKING

from cli.doors import Doors
from cli.views.words import count, moment, one_line
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1 import conversation_service_pb2_grpc as conversation_grpc

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADINGS = ("", "ID", "TITLE", "MESSAGES", "CHANGED")
_LONGEST_TITLE = 60


async def newest(doors: Doors) -> conversation_pb.Conversation | None:
    """The conversation that changed last; None when there is none. Raises SomaError."""
    found = await latest(doors, 1)
    return found[0] if found else None


async def latest(doors: Doors, most: int) -> "Sequence[conversation_pb.Conversation]":
    """The conversations that changed last, newest first. Raises SomaError."""
    chat = doors.stub("chat", conversation_grpc.ConversationServiceStub, role="member")
    return (await chat.ListConversations(conversation_pb.ListConversationsRequest(page_size=most))).conversations


async def one(doors: Doors, conversation_id: str) -> conversation_pb.Conversation:
    """A conversation. Raises SomaError."""
    chat = doors.stub("chat", conversation_grpc.ConversationServiceStub)
    request = conversation_pb.GetConversationRequest(conversation_id=conversation_id)
    return (await chat.GetConversation(request)).conversation


async def rename(doors: Doors, conversation_id: str, title: str) -> None:
    """Gives a conversation another title. Raises SomaError."""
    changed = conversation_pb.Conversation(conversation_id=conversation_id, title=title)
    request = conversation_pb.UpdateConversationRequest(conversation=changed, request_id=doors.request_id())
    request.update_mask.paths.append("title")
    await doors.stub("chat", conversation_grpc.ConversationServiceStub).UpdateConversation(request)


def row(conversation: conversation_pb.Conversation, current: str) -> tuple[str, ...]:
    """A conversation under the headings; the current one has a mark."""
    return (
        "›" if conversation.conversation_id == current else "",
        conversation.conversation_id,
        one_line(conversation.title, _LONGEST_TITLE),
        count(conversation.message_count),
        moment(conversation, "update_time"),
    )
