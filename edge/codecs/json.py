"""Frames as JSON: `{"type", "id", "timestamp", "payload"}`.

Nothing here knows a connection or the order of frames.
"""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from edge.codecs.client_frames import LONGEST_ID, READERS
from edge.codecs.json_events import EVENTS
from edge.codecs.payloads import word_of, written_time
from edge.frames import (
    ClientFrame,
    EventKind,
    Here,
    Kept,
    Refused,
    ServerFrame,
    Titled,
    TurnNews,
    Unreadable,
    Welcome,
)
from edge.json_input import read_object
from edge.json_message import fill
from soma.chat.v1 import turn_event_pb2, turn_service_pb2
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError, invalid_field
from soma_common.kernel.reasons import Reason

SUBPROTOCOL: Final = "soma.edge.v1.json"
_EXPECTED: Final = 'a frame {"type", "id", "payload"}'
_READERS: Final = {reader.name: reader for reader in READERS.values()}
_MERGEABLE: Final = frozenset((EventKind.TEXT, EventKind.REASONING))
_KINDS: Final[Mapping[Any, EventKind]] = {None: EventKind.OPAQUE, **{kind.value: kind for kind in EVENTS}}


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
        kind = _KINDS[case]
        text = getattr(message, case).text if case in _MERGEABLE else ""
        news = TurnNews(kind, message.turn_id, message.sequence, message.first_sequence, text, message)
        if kind is EventKind.STARTED and message.started.untitled:
            news.untitled = message.started.conversation_id
        return news

    def write(self, frame: ServerFrame) -> str | None:
        """A frame for the client; None for an event of a kind that is not known here."""
        if isinstance(frame, TurnNews):
            return self._write_news(frame)
        if isinstance(frame, Welcome):
            agents = [{"agent_id": agent_id, "name": name} for agent_id, name in frame.agents]
            payload: dict[str, object] = {"user_id": frame.user_id, "tenant_id": frame.tenant_id}
            payload |= {"agents": agents, "features": dict(frame.features), "roles": list(frame.roles)}
            return self._envelope("connected", "", payload)
        if isinstance(frame, Here):
            return self._envelope("pong", frame.frame_id, {})
        if isinstance(frame, Kept):
            return self._envelope("kept", frame.frame_id, _answer(frame.answer))
        if isinstance(frame, Titled):
            titled = {"conversation_id": frame.conversation_id, "title": frame.title}
            return self._envelope("title_update", "", titled)
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
        name, payload = EVENTS[news.kind]
        body = payload(news, getattr(message, news.kind.value))
        body["turn_id"], body["sequence"] = news.turn_id, news.sequence
        envelope = {"type": name, "id": news.frame_id, "timestamp": written_time(message.time), "payload": body}
        return orjson.dumps(envelope).decode()

    def _envelope(self, name: str, frame_id: str, payload: Mapping[str, object]) -> str:
        now = self._clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return orjson.dumps({"type": name, "id": frame_id, "timestamp": now, "payload": payload}).decode()


def _id_of(envelope: Mapping[str, object]) -> str:
    frame_id = envelope.get("id", "")
    if not isinstance(frame_id, str) or len(frame_id) > LONGEST_ID:
        raise invalid_field("id", f"it must be text of at most {LONGEST_ID} characters")
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
    reader = _READERS[name]
    message = reader.make()
    fill(message, payload)
    return reader.read(frame_id, message)


def _answer(message: Any) -> dict[str, object]:
    """What a service said to a submission, with the words of frames."""
    if isinstance(message, turn_service_pb2.SubmitToolResultResponse):
        return {
            "missing_call_ids": list(message.missing_call_ids),
            "continuing_turn_id": message.continuing_turn_id,
        }
    if isinstance(message, turn_service_pb2.ResolveApprovalResponse):
        return {"status": word_of(turn_service_pb2.TurnStatus.DESCRIPTOR, message.status, "TURN_STATUS_")}
    return {"rate_time": written_time(message.rate_time)}


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
