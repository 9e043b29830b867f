"""Calls of tools, their results and requests for consent as the contract has them.

Making messages only.
"""

from typing import Final

from servers.chat.domain.model import ToolCallPart
from servers.chat.domain.rounds import CallResult, CallStatus, ToldCall
from soma.chat.v1 import message_pb2, turn_event_pb2

# What an event shows of a result; the whole of it stands in the message.
MOST_SHOWN_BYTES: Final = 4_096
STATUSES: Final = {
    CallStatus.DONE: message_pb2.TOOL_CALL_STATUS_DONE,
    CallStatus.FAILED: message_pb2.TOOL_CALL_STATUS_FAILED,
    CallStatus.DENIED: message_pb2.TOOL_CALL_STATUS_DENIED,
    CallStatus.UNKNOWN: message_pb2.TOOL_CALL_STATUS_UNKNOWN,
}


def call_message(call: ToolCallPart) -> message_pb2.ToolCall:
    """A call."""
    return message_pb2.ToolCall(call_id=call.call_id, name=call.name, arguments_json=call.arguments_json)


def started_message(told: ToldCall) -> turn_event_pb2.ToolCallStarted:
    """The event that tells of a call."""
    return turn_event_pb2.ToolCallStarted(call=call_message(told.call), by_client=told.by_client, round=told.round)


def finished_message(result: CallResult, round_number: int) -> turn_event_pb2.ToolCallFinished:
    """The event that tells what came of it."""
    data = result.content.encode()
    return turn_event_pb2.ToolCallFinished(
        call_id=result.call_id,
        name=result.name,
        status=STATUSES[result.status],
        content=data[:MOST_SHOWN_BYTES].decode(errors="ignore"),
        truncated=len(data) > MOST_SHOWN_BYTES,
        duration_milliseconds=result.duration_milliseconds,
        round=round_number,
    )


def result_message(result: CallResult) -> message_pb2.ToolResult:
    """What came of a call, as a message keeps it."""
    return message_pb2.ToolResult(
        call_id=result.call_id, name=result.name, status=STATUSES[result.status], content=result.content
    )
