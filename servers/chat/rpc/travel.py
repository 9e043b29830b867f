"""ExportConversation and ImportConversation between the contract and the use cases.

Nothing here reads or writes a conversation.
"""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from servers.chat.conversations.exporting import Exporting, Header
from servers.chat.conversations.importing import FORMAT, Arrival, Arriving
from servers.chat.conversations.stored import KeptMessage
from servers.chat.domain.model import ToolCallPart
from servers.chat.domain.rounds import CallResult, ToldCall
from servers.chat.rpc.conversation_views import ROLES, message_message
from servers.chat.tools.messages import STATUSES
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1 import message_pb2 as message_pb
from soma_common.kernel.errors import invalid_field
from soma_common.kernel.money import Usage
from soma_common.rpc.call import current_call

_RESULT_STATUSES: Final = {number: status for status, number in STATUSES.items()}
# Of a `ContentPart`; an answer, which no part brought, may be longer.
_LONGEST_PART_BYTES: Final = 65_536
_ALL_OF_IT: Final = 2**31 - 1
_ROLE_NAMES: Final = {number: name for name, number in ROLES.items()}


async def export_conversation(
    exporting: Exporting, request: conversation_pb.ExportConversationRequest
) -> AsyncGenerator[conversation_pb.ExportConversationResponse, None]:
    """The parts of a conversation."""
    parts = exporting.export(current_call().caller, UUID(request.conversation_id))
    async with aclosing(parts):
        async for part in parts:
            if isinstance(part, Header):
                yield conversation_pb.ExportConversationResponse(header=_header(part))
            else:
                yield conversation_pb.ExportConversationResponse(message=_leaving(part))


def _leaving(kept: KeptMessage) -> message_pb.Message:
    return message_message(replace(kept, parts=tuple(piece for part in kept.parts for piece in _pieces(part))))


def _pieces(text: str) -> Iterator[str]:
    """A text as parts that the contract takes: cut where a line ends, for parts are read as lines."""
    rest = text.encode()
    while len(rest) > _LONGEST_PART_BYTES:
        end = rest.rfind(b"\n", 1, min(_LONGEST_PART_BYTES + 1, len(rest) - 1))
        if end < 0:  # a line stays whole
            break
        yield rest[:end].decode()
        rest = rest[end + 1 :]
    yield rest.decode()


def _header(header: Header) -> conversation_pb.ConversationHeader:
    message = conversation_pb.ConversationHeader(
        format=FORMAT,
        title=header.title,
        agent_name=header.agent_name,
        current_leaf_message_id=str(header.current_leaf_id or ""),
        message_count=header.message_count,
    )
    message.create_time.FromDatetime(header.create_time)
    message.export_time.FromDatetime(header.export_time)
    return message


def arrival_of(request: conversation_pb.ImportConversationRequest) -> Arrival:
    """The conversation in a request. Raises INVALID_FIELD for what has no value here."""
    header = request.header
    messages = tuple(_arriving(place, message) for place, message in enumerate(request.messages))
    return Arrival(
        format=header.format,
        title=header.title,
        leaf=header.current_leaf_message_id,
        count=header.message_count,
        create_time=_time("header.create_time", header.create_time) if header.HasField("create_time") else None,
        messages=messages,
        agent_id=UUID(request.agent_id) if request.agent_id else None,
    )


def _arriving(place: int, message: message_pb.Message) -> Arriving:
    if message.role not in _ROLE_NAMES:
        raise invalid_field(f"messages[{place}].role", "it must be USER or ASSISTANT")
    usage = message.usage
    return Arriving(
        key=message.message_id,
        parent=message.parent_message_id,
        turn=message.turn_id,
        role=_ROLE_NAMES[message.role],
        parts=tuple(part.text for part in message.content),
        tool_calls=tuple(_call(call, message.finish_reason) for call in message.tool_calls),
        tool_results=tuple(_result(place, result) for result in message.tool_results),
        partial=message.partial,
        finish_reason=message.finish_reason,
        usage=Usage(
            usage.input_tokens,
            usage.cached_input_tokens,
            usage.output_tokens,
            usage.reasoning_tokens,
            usage.estimated,
        ),
        cost_micros=message.cost_micros,
        model=message.model,
        create_time=_time(f"messages[{place}].create_time", message.create_time)
        if message.HasField("create_time")
        else None,
    )


def _call(call: message_pb.ToolCall, finish_reason: str) -> ToldCall:
    """A call; where in the answer it was made is not exported, so it stands at the end."""
    part = ToolCallPart(call.call_id, call.name, call.arguments_json)
    return ToldCall(part, by_client=finish_reason == "tool_calls", text_before=_ALL_OF_IT)


def _result(place: int, result: message_pb.ToolResult) -> CallResult:
    if result.status not in _RESULT_STATUSES:
        raise invalid_field(f"messages[{place}].tool_results", "each needs how its call ended")
    return CallResult(result.call_id, result.name, _RESULT_STATUSES[result.status], result.content)


def _time(field: str, time: Timestamp) -> datetime:
    try:
        return time.ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise invalid_field(field, "it is not a time") from None
