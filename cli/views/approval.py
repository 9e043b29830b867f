"""Calls of tools and the consents that they wait for, as lines, rows and sections.

Nothing here prints.
"""

from typing import Final

from cli.views.words import enum_word, moment, one_line, visible
from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb

HEADINGS: Final = ("TURN", "CALL", "TOOL", "ARGUMENTS", "CONVERSATION", "ASKED", "LAPSES")
_LONGEST: Final = 60
_LONGEST_LINE: Final = 160
_ENDS: Final = {
    message_pb.TOOL_CALL_STATUS_DONE: "=",
    message_pb.TOOL_CALL_STATUS_FAILED: "failed:",
    message_pb.TOOL_CALL_STATUS_DENIED: "denied:",
    message_pb.TOOL_CALL_STATUS_UNKNOWN: "nobody knows whether it had its effect:",
}


def row(approval: turn_pb.PendingApproval) -> tuple[str, ...]:
    """A consent that is waited for, under the headings."""
    return (
        approval.turn_id,
        approval.request.call.call_id,
        approval.request.call.name,
        one_line(approval.request.call.arguments_json, _LONGEST),
        one_line(approval.conversation_title or approval.conversation_id, _LONGEST),
        moment(approval, "create_time"),
        moment(approval.request, "expire_time"),
    )


def lines(approval: turn_pb.PendingApproval) -> tuple[str, ...]:
    """All of it, so that a person can decide."""
    request = approval.request
    about = (
        ("Turn", approval.turn_id),
        ("Call", request.call.call_id),
        ("Tool", request.call.name),
        ("Arguments", request.call.arguments_json),
        ("Why it waits", request.sentence),
        ("Conversation", f"{approval.conversation_title} {approval.conversation_id}".strip()),
        ("Asked", moment(approval, "create_time")),
        ("Lapses", moment(request, "expire_time")),
        ("SHA-256", request.arguments_hash),
    )
    return tuple(f"{name:<13} {visible(value)}" for name, value in about if value)


def call_words(call: message_pb.ToolCall) -> str:
    """A call on one line: memory.recall {"query": "tea"}."""
    return one_line(f"{call.name} {call.arguments_json}", _LONGEST_LINE)


def result_words(result: event_pb.ToolCallFinished) -> str:
    """What came of a call on one line: = 42 (3 ms)."""
    said = one_line(result.content, _LONGEST_LINE)
    return f"{_ENDS.get(result.status, '=')} {said} ({result.duration_milliseconds} ms)"


def decision_words(resolved: event_pb.ApprovalResolved) -> str:
    """Who decided what."""
    word = enum_word(event_pb.ApprovalDecision.DESCRIPTOR, resolved.decision, "APPROVAL_DECISION_").lower()
    note = f": {one_line(resolved.note, _LONGEST)}" if resolved.note else ""
    done = {"approve": "approved", "deny": "denied"}.get(word, word)
    return f"{done} by {resolved.decided_by or 'somebody'}{note}"
