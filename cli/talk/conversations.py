"""The owner's own conversations: finding the newest one, listing some, looking one up.

Nothing here prints.
"""

from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from cli.doors import Doors
from cli.exits import CommandError
from cli.views.words import count, moment, one_line, to_json
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1 import conversation_service_pb2_grpc as conversation_grpc
from soma_common.rpc.replies import following

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADINGS = ("", "ID", "TITLE", "MESSAGES", "CHANGED")
FOUND_HEADINGS = ("CONVERSATION", "TITLE", "SAID", "WHEN")
_LONGEST_TITLE = 60
_LONGEST_SNIPPET = 120


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


async def search(doors: Doors, words: str, most: int) -> "Sequence[conversation_pb.FoundMessage]":
    """The messages in which the words stand, best first. Raises SomaError."""
    chat = doors.stub("chat", conversation_grpc.ConversationServiceStub, role="member")
    return (await chat.SearchMessages(conversation_pb.SearchMessagesRequest(query=words, page_size=most))).messages


async def rename(doors: Doors, conversation_id: str, title: str) -> None:
    """Gives a conversation another title. Raises SomaError."""
    changed = conversation_pb.Conversation(conversation_id=conversation_id, title=title)
    request = conversation_pb.UpdateConversationRequest(conversation=changed, request_id=doors.request_id())
    request.update_mask.paths.append("title")
    await doors.stub("chat", conversation_grpc.ConversationServiceStub).UpdateConversation(request)


async def export(doors: Doors, conversation_id: str, path: str) -> int:
    """Writes a conversation into a file that is not there yet, a part a line; how many messages. Raises SomaError."""
    chat = doors.stub("chat", conversation_grpc.ConversationServiceStub)
    messages = 0
    with _new_file(path) as file:
        request = conversation_pb.ExportConversationRequest(conversation_id=conversation_id)
        async with following(chat.ExportConversation(request)) as parts:
            async for part in parts:
                messages += part.HasField("message")
                file.write(f"{to_json(part)}\n")
    return messages


def _new_file(path: str) -> TextIO:
    try:
        return Path(path).expanduser().open("x", encoding="utf-8")
    except FileExistsError:
        raise CommandError(f"{path} is there already. Name another file.") from None
    except OSError as problem:
        raise CommandError(f"{path} cannot be written: {problem.strerror}.") from None


def found_row(found: conversation_pb.FoundMessage) -> tuple[str, ...]:
    """A message that was found, under the headings."""
    return (
        found.conversation_id,
        one_line(found.conversation_title, _LONGEST_TITLE),
        one_line(found.snippet, _LONGEST_SNIPPET),
        moment(found, "create_time"),
    )


def row(conversation: conversation_pb.Conversation, current: str) -> tuple[str, ...]:
    """A conversation under the headings; the current one has a mark."""
    return (
        "›" if conversation.conversation_id == current else "",
        conversation.conversation_id,
        one_line(conversation.title, _LONGEST_TITLE),
        count(conversation.message_count),
        moment(conversation, "update_time"),
    )
