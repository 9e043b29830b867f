"""Events of a turn as the payloads of JSON frames: a name and a function for each kind.

Nothing here knows envelopes or bytes.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from edge.codecs.payloads import cost, finish_reason, level_name, to_lanes, to_usage, word_of, written_time
from edge.frames import EventKind, TurnNews
from soma.chat.v1 import message_pb2, turn_event_pb2

Payload = dict[str, object]


def _started(_news: TurnNews, told: turn_event_pb2.TurnStarted) -> Payload:
    return {
        "conversation_id": told.conversation_id,
        "user_message_id": told.user_message_id,
        "assistant_message_id": told.assistant_message_id,
        "parent_message_id": told.parent_message_id,
        "agent_id": told.agent_id,
        "model": told.model,
        "receipt_id": told.receipt_id,
        "untitled": told.untitled,
        "lanes": to_lanes(told.lanes),
        "level": level_name(told.level),
        "level_reasons": [
            {"source": it.source, "level": level_name(it.level), "sentence": it.sentence} for it in told.level_reasons
        ],
    }


def _delta(news: TurnNews, _told: object) -> Payload:
    return {"first_sequence": news.first_sequence or news.sequence, "delta": news.text}


def _tool_started(_news: TurnNews, told: turn_event_pb2.ToolCallStarted) -> Payload:
    return {
        "phase": "started",
        "call_id": told.call.call_id,
        "name": told.call.name,
        "arguments": told.call.arguments_json,
        "by_client": told.by_client,
        "round": told.round,
    }


def _tool_finished(_news: TurnNews, told: turn_event_pb2.ToolCallFinished) -> Payload:
    return {
        "phase": "finished",
        "call_id": told.call_id,
        "name": told.name,
        "status": word_of(message_pb2.ToolCallStatus.DESCRIPTOR, told.status, "TOOL_CALL_STATUS_"),
        "content": told.content,
        "truncated": told.truncated,
        "duration_milliseconds": told.duration_milliseconds,
        "round": told.round,
    }


def _approval_requested(_news: TurnNews, told: turn_event_pb2.ApprovalRequested) -> Payload:
    return {
        "phase": "requested",
        "call_id": told.call.call_id,
        "name": told.call.name,
        "arguments": told.call.arguments_json,
        "arguments_hash": told.arguments_hash,
        "sentence": told.sentence,
        "expire_time": written_time(told.expire_time) if told.HasField("expire_time") else "",
    }


def _approval_resolved(_news: TurnNews, told: turn_event_pb2.ApprovalResolved) -> Payload:
    return {
        "phase": "resolved",
        "call_id": told.call_id,
        "decision": word_of(turn_event_pb2.ApprovalDecision.DESCRIPTOR, told.decision, "APPROVAL_DECISION_"),
        "decided_by": told.decided_by,
        "note": told.note,
    }


def _notice(_news: TurnNews, told: turn_event_pb2.Notice) -> Payload:
    return {"code": told.code, "sentence": told.sentence, "metadata": dict(told.metadata)}


def _done(news: TurnNews, told: turn_event_pb2.TurnCompleted) -> Payload:
    return {
        "message_id": told.message_id,
        "finish_reason": finish_reason(told.finish_reason),
        **_bill(told),
        "content": news.content,
    }


def _failed(_news: TurnNews, told: turn_event_pb2.TurnFailed) -> Payload:
    payload: Payload = {
        "code": told.reason,
        "message": told.sentence,
        "details": dict(told.metadata),
        "message_id": told.message_id,
        "partial_text_kept": told.partial_text_kept,
        **_bill(told),
    }
    return payload | ({"retry_after": told.retry_after_seconds} if told.retry_after_seconds else {})


def _cancelled(_news: TurnNews, told: turn_event_pb2.TurnCancelled) -> Payload:
    return {"message_id": told.message_id, "partial_text_kept": told.partial_text_kept, **_bill(told)}


def _bill(told: Any) -> Payload:
    return {"usage": to_usage(told.usage), "cost": cost(told.cost_micros), "receipt_id": told.receipt_id}


EVENTS: Final[Mapping[EventKind, tuple[str, Callable[[TurnNews, Any], Payload]]]] = {
    EventKind.STARTED: ("chat.started", _started),
    EventKind.TEXT: ("chat.delta", _delta),
    EventKind.REASONING: ("chat.reasoning", _delta),
    EventKind.TOOL_CALL: ("chat.tool", _tool_started),
    EventKind.TOOL_RESULT: ("chat.tool", _tool_finished),
    EventKind.APPROVAL: ("chat.approval", _approval_requested),
    EventKind.APPROVAL_RESOLVED: ("chat.approval", _approval_resolved),
    EventKind.NOTICE: ("chat.notice", _notice),
    EventKind.COMPLETED: ("chat.done", _done),
    EventKind.FAILED: ("chat.failed", _failed),
    EventKind.CANCELLED: ("chat.cancelled", _cancelled),
}
