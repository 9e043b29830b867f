"""What the commands on conversations ask of chat: pages of them, what was said in them, and whole ones both ways.

Nothing here prints.
"""

from collections.abc import AsyncIterator
from typing import Any

from google.protobuf.json_format import ParseDict, ParseError

from cli.doors import Doors
from cli.exits import CommandError, Exit
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1.conversation_service_pb2_grpc import ConversationServiceStub
from soma_common.rpc.options import MAX_MESSAGE_BYTES, MESSAGE_LIMIT

# Ten thousand messages are counted and written in a few seconds; a busy machine takes longer.
_IMPORT_SECONDS = 120.0


def conversations(doors: Doors) -> ConversationServiceStub:
    """The stub, for the owner's own conversations only."""
    return doors.stub("chat", ConversationServiceStub, role="member")


async def listed(
    doors: Doors, most: int, title_part: str, *, archived: bool
) -> conversation_pb.ListConversationsResponse:
    """The conversations that changed last, newest first. Raises SomaError."""
    number = conversation_pb.CONVERSATION_STATUS_ARCHIVED if archived else conversation_pb.CONVERSATION_STATUS_ACTIVE
    request = conversation_pb.ListConversationsRequest(page_size=most, status=number, title_contains=title_part)
    return await conversations(doors).ListConversations(request)


async def found(doors: Doors, query: str, most: int, conversation_id: str) -> conversation_pb.SearchMessagesResponse:
    """Messages that have all words of the query. Raises SomaError."""
    request = conversation_pb.SearchMessagesRequest(query=query, page_size=most, conversation_id=conversation_id)
    return await conversations(doors).SearchMessages(request)


async def exported(doors: Doors, conversation_id: str) -> AsyncIterator[conversation_pb.ExportConversationResponse]:
    """The parts of a conversation as they come. Raises SomaError."""
    request = conversation_pb.ExportConversationRequest(conversation_id=conversation_id)
    async for part in conversations(doors).ExportConversation(request):
        yield part


def read_export(value: Any, request_id: str) -> conversation_pb.ImportConversationRequest:
    """The request that takes a file in. Raises CommandError for what is no export, or too large for one call."""
    try:
        request = ParseDict(value, conversation_pb.ImportConversationRequest(), ignore_unknown_fields=True)
    except ParseError as problem:
        raise CommandError(f"The file is no exported conversation: {problem}", Exit.WRONG_USE) from None
    if not request.HasField("header"):
        raise CommandError("The file is no exported conversation: it has no header.", Exit.WRONG_USE)
    request.request_id = request_id
    if request.ByteSize() > MAX_MESSAGE_BYTES:
        raise CommandError(f"The conversation is too large: at most {MESSAGE_LIMIT} are taken in at once.")
    return request


async def taken_in(doors: Doors, request: conversation_pb.ImportConversationRequest) -> conversation_pb.Conversation:
    """The conversation that was made of an export. Raises SomaError."""
    return (await conversations(doors).ImportConversation(request, timeout=_IMPORT_SECONDS)).conversation


async def deleted(
    doors: Doors, conversation_id: str, *, keep_memories: bool
) -> conversation_pb.DeleteConversationResponse:
    """Delete a conversation. Raises SomaError."""
    request = conversation_pb.DeleteConversationRequest(
        conversation_id=conversation_id, keep_memories=keep_memories, request_id=doors.request_id()
    )
    return await conversations(doors).DeleteConversation(request)
