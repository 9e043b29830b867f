"""Frames as JSON: `{"type", "id", "timestamp", "payload"}`.

Nothing here knows a connection or the order of frames.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson
from google.protobuf.message import Message

from edge.codecs.payloads import cost, finish_reason, level_name, to_lanes, to_usage, written_time
from edge.frames import (
    ClientFrame,
    EventKind,
    Follow,
    Here,
    Knock,
    Refused,
    Say,
    ServerFrame,
    Stop,
    TurnNews,
    Unreadable,
    Welcome,
)
from edge.json_input import read_object
from edge.json_message import fill
from soma.chat.v1 import turn_event_pb2
from soma.edge.v1 import frame_pb2
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError, invalid_field
from soma_common.kernel.reasons import Reason

SUBPROTOCOL: Final = "soma.edge.v1.json"
_EXPECTED: Final = 'a frame {"type", "id", "payload"}'
_LONGEST_ID: Final = 128
_MERGEABLE: Final = frozenset((EventKind.TEXT, EventKind.REASONING))


class JsonCodec:
    """The form for browsers, and the default."""

    subprotocol = SUBPROTOCOL
    merge_from = 1

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def read(self, data: str | bytes) -> ClientFrame:
        """A frame of the client; what cannot be read is `Unreadable`, never an exception."""
        frame_id = ""
        try:
            if isinstance(data, bytes):
                raise SomaError(Reason.MALFORMED_MESSAGE, {"expected": f"a text message with {_EXPECTED}"})
            envelope = read_object(data, _EXPECTED)
            frame_id = _id_of(envelope)
            return _client_frame(envelope, frame_id)
        except SomaError as error:
            return Unreadable(frame_id, error)

    def news(self, event: bytes) -> TurnNews:
        """A serialised TurnEvent, read whole."""
        message = turn_event_pb2.TurnEvent.FromString(event)
        case = message.WhichOneof("event")
        kind = EventKind.OPAQUE if case is None else EventKind(case)
        text = getattr(message, case).text if case is not None and kind in _MERGEABLE else ""
        return TurnNews(kind, message.turn_id, message.sequence, message.first_sequence, text, message)

    def write(self, frame: ServerFrame) -> str | None:
        """A frame for the client; None for an event of a kind that is not known here."""
        if isinstance(frame, TurnNews):
            return self._write_news(frame)
        if isinstance(frame, Welcome):
            agents = [{"agent_id": agent_id, "name": name} for agent_id, name in frame.agents]
            payload: dict[str, object] = {"user_id": frame.user_id, "tenant_id": frame.tenant_id}
            payload |= {"agents": agents, "features": dict(frame.features)}
            return self._envelope("connected", "", payload)
        if isinstance(frame, Here):
            return self._envelope("pong", frame.frame_id, {})
        return self._envelope("error", frame.frame_id, _refusal(frame))

    def merge(self, first: TurnNews, second: TurnNews) -> TurnNews | None:
        """Both as one, or None when they are not neighbouring deltas of one turn."""
        if first.kind is not second.kind or first.kind not in _MERGEABLE or first.turn_id != second.turn_id:
            return None
        first.first_sequence = first.first_sequence or first.sequence
        first.sequence = second.sequence
        first.text += second.text
        first.payload = second.payload
        return first

    def _write_news(self, news: TurnNews) -> str | None:
        message = news.payload
        if not isinstance(message, turn_event_pb2.TurnEvent) or news.kind is EventKind.OPAQUE:
            return None
        name, payload = _EVENTS[news.kind]
        body = {"turn_id": news.turn_id, "sequence": news.sequence, **payload(news, getattr(message, news.kind.value))}
        envelope = {"type": name, "id": news.frame_id, "timestamp": written_time(message.time), "payload": body}
        return orjson.dumps(envelope).decode()

    def _envelope(self, name: str, frame_id: str, payload: Mapping[str, object]) -> str:
        now = self._clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return orjson.dumps({"type": name, "id": frame_id, "timestamp": now, "payload": payload}).decode()


def _id_of(envelope: Mapping[str, object]) -> str:
    frame_id = envelope.get("id", "")
    if not isinstance(frame_id, str) or len(frame_id) > _LONGEST_ID:
        raise invalid_field("id", f"it must be text of at most {_LONGEST_ID} characters")
    return frame_id


def _client_frame(envelope: Mapping[str, object], frame_id: str) -> ClientFrame:
    name = envelope.get("type")
    if not isinstance(name, str):
        raise invalid_field("type", "it must be the name of a frame, like chat.send")
    if name not in _READERS:
        raise SomaError(Reason.METHOD_UNKNOWN, {"method": name[:100]})
    payload = envelope.get("payload", {})
    if not isinstance(payload, dict):
        raise invalid_field("payload", "it must be an object")
    make, reader = _READERS[name]
    message = make()
    fill(message, payload)
    return reader(frame_id, message)


def say_of(frame_id: str, sent: frame_pb2.ChatSend) -> Say:
    """The value of a ChatSend."""
    options = sent.options if sent.HasField("options") else None
    return Say(
        frame_id, sent.content, sent.conversation_id, sent.agent_id, sent.parent_message_id, sent.request_id, options
    )


_READERS: Final[Mapping[str, tuple[Callable[[], Message], Callable[[str, Any], ClientFrame]]]] = {
    "chat.send": (frame_pb2.ChatSend, say_of),
    "chat.cancel": (frame_pb2.ChatCancel, lambda frame_id, sent: Stop(frame_id, sent.turn_id)),
    "chat.resume": (frame_pb2.ChatResume, lambda frame_id, sent: Follow(frame_id, sent.turn_id, sent.after_sequence)),
    "ping": (frame_pb2.Ping, lambda frame_id, _sent: Knock(frame_id)),
}


def _started(_news: TurnNews, told: turn_event_pb2.TurnStarted) -> dict[str, object]:
    return {
        "conversation_id": told.conversation_id,
        "user_message_id": told.user_message_id,
        "assistant_message_id": told.assistant_message_id,
        "agent_id": told.agent_id,
        "model": told.model,
        "receipt_id": told.receipt_id,
        "lanes": to_lanes(told.lanes),
        "level": level_name(told.level),
        "level_reasons": [
            {"source": it.source, "level": level_name(it.level), "sentence": it.sentence} for it in told.level_reasons
        ],
    }


def _delta(news: TurnNews, _told: object) -> dict[str, object]:
    return {"first_sequence": news.first_sequence or news.sequence, "delta": news.text}


def _tool(_news: TurnNews, told: turn_event_pb2.ToolCallStarted) -> dict[str, object]:
    return {"call_id": told.call.call_id, "name": told.call.name, "arguments": told.call.arguments_json}


def _notice(_news: TurnNews, told: turn_event_pb2.Notice) -> dict[str, object]:
    return {"code": told.code, "message": told.sentence}


def _done(news: TurnNews, told: turn_event_pb2.TurnCompleted) -> dict[str, object]:
    return {
        "message_id": told.message_id,
        "finish_reason": finish_reason(told.finish_reason),
        "usage": to_usage(told.usage),
        "cost": cost(told.cost_micros),
        "receipt_id": told.receipt_id,
        "content": news.content,
    }


def _failed(_news: TurnNews, told: turn_event_pb2.TurnFailed) -> dict[str, object]:
    payload: dict[str, object] = {
        "code": told.reason,
        "message": told.sentence,
        "details": dict(told.metadata),
        "message_id": told.message_id,
        "partial_text_kept": told.partial_text_kept,
        "usage": to_usage(told.usage),
        "cost": cost(told.cost_micros),
        "receipt_id": told.receipt_id,
    }
    return payload | ({"retry_after": told.retry_after_seconds} if told.retry_after_seconds else {})


def _cancelled(_news: TurnNews, told: turn_event_pb2.TurnCancelled) -> dict[str, object]:
    return {
        "message_id": told.message_id,
        "partial_text_kept": told.partial_text_kept,
        "usage": to_usage(told.usage),
        "cost": cost(told.cost_micros),
        "receipt_id": told.receipt_id,
    }


_EVENTS: Final[Mapping[EventKind, tuple[str, Callable[[TurnNews, Any], dict[str, object]]]]] = {
    EventKind.STARTED: ("chat.started", _started),
    EventKind.TEXT: ("chat.delta", _delta),
    EventKind.REASONING: ("chat.reasoning", _delta),
    EventKind.TOOL_CALL: ("chat.tool", _tool),
    EventKind.NOTICE: ("chat.notice", _notice),
    EventKind.COMPLETED: ("chat.done", _done),
    EventKind.FAILED: ("chat.failed", _failed),
    EventKind.CANCELLED: ("chat.cancelled", _cancelled),
}


def _refusal(frame: Refused) -> dict[str, object]:
    error = frame.error
    payload: dict[str, object] = {
        "code": error.reason.value,
        "message": error.sentence,
        "details": dict(error.metadata),
    }
    if error.retry_after_seconds is not None:
        payload["retry_after"] = round(error.retry_after_seconds, 3)
    if frame.turn_id:
        payload["turn_id"] = frame.turn_id
    return payload
