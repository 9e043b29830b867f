"""Frames as `soma.edge.v1.ClientFrame` and `ServerFrame`; the bytes of a TurnEvent pass through untouched.

Nothing here knows a connection or the order of frames.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from google.protobuf.message import DecodeError

from edge.codecs.json import say_of
from edge.frames import (
    ClientFrame,
    EventKind,
    Follow,
    Here,
    Knock,
    Refused,
    ServerFrame,
    Stop,
    TurnNews,
    Unreadable,
    Welcome,
)
from soma.chat.v1 import turn_event_pb2
from soma.edge.v1 import frame_pb2
from soma_common.kernel.clock import Clock, seconds_and_nanos
from soma_common.kernel.errors import SomaError, invalid_field
from soma_common.kernel.reasons import Reason

SUBPROTOCOL: Final = "soma.edge.v1.proto"
_EXPECTED: Final = "a binary message with soma.edge.v1.ClientFrame"
_ID_TAG: Final = 0x0A
_LONGEST_ID: Final = 128
_MERGEABLE: Final = ("text", "reasoning")


class BinaryCodec:
    """The form for programs: what chat sent arrives byte for byte."""

    subprotocol = SUBPROTOCOL
    # Merging must look inside, so it waits until the reader really lags.
    merge_from = 64

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def read(self, data: str | bytes) -> ClientFrame:
        """A frame of the client; what cannot be read is `Unreadable`, never an exception."""
        malformed = SomaError(Reason.MALFORMED_MESSAGE, {"expected": _EXPECTED})
        if isinstance(data, str):
            return Unreadable("", malformed)
        try:
            frame = frame_pb2.ClientFrame.FromString(data)
        except DecodeError:
            return Unreadable("", malformed)
        if len(frame.id) > _LONGEST_ID:
            return Unreadable("", invalid_field("id", f"it must be text of at most {_LONGEST_ID} characters"))
        case = frame.WhichOneof("payload")
        if case is None:
            return Unreadable(frame.id, SomaError(Reason.METHOD_UNKNOWN, {"method": "a frame without a payload"}))
        return _READERS[case](frame.id, getattr(frame, case))

    def news(self, event: bytes) -> TurnNews:
        """The event unread, but for the id of its turn."""
        return TurnNews(EventKind.OPAQUE, _turn_id(event), payload=event)

    def write(self, frame: ServerFrame) -> bytes:
        """A frame for the client."""
        written = frame_pb2.ServerFrame()
        written.time.seconds, written.time.nanos = seconds_and_nanos(self._clock.now())
        if isinstance(frame, TurnNews):
            written.id = frame.frame_id
            written.turn_event = frame.payload if isinstance(frame.payload, bytes) else b""
        elif isinstance(frame, Welcome):
            agents = [frame_pb2.AgentName(agent_id=agent_id, name=name) for agent_id, name in frame.agents]
            written.connected.CopyFrom(
                frame_pb2.Connected(
                    user_id=frame.user_id, tenant_id=frame.tenant_id, agents=agents, features=dict(frame.features)
                )
            )
        elif isinstance(frame, Here):
            written.id = frame.frame_id
            written.pong.SetInParent()
        else:
            written.id = frame.frame_id
            written.error.CopyFrom(_refusal(frame))
        return written.SerializeToString()

    def merge(self, first: TurnNews, second: TurnNews) -> TurnNews | None:
        """Both as one, or None when they are not neighbouring deltas of one turn."""
        if (
            first.turn_id != second.turn_id
            or not isinstance(first.payload, bytes)
            or not isinstance(second.payload, bytes)
        ):
            return None
        left, right = (turn_event_pb2.TurnEvent.FromString(each) for each in (first.payload, second.payload))
        case = left.WhichOneof("event")
        if case != right.WhichOneof("event") or case not in _MERGEABLE:
            return None
        right.first_sequence = left.first_sequence or left.sequence
        delta = getattr(right, case)
        delta.text = getattr(left, case).text + delta.text
        return TurnNews(EventKind.OPAQUE, first.turn_id, payload=right.SerializeToString(), frame_id=first.frame_id)


def _turn_id(event: bytes) -> str:
    """The first field, if it stands first as serialisers write it, else by reading the whole event."""
    if len(event) > 2 and event[0] == _ID_TAG and event[1] < 0x80:
        return event[2 : 2 + event[1]].decode("utf-8", "replace")
    return turn_event_pb2.TurnEvent.FromString(event).turn_id


_READERS: Final[Mapping[str, Callable[[str, Any], ClientFrame]]] = {
    "send": say_of,
    "cancel": lambda frame_id, sent: Stop(frame_id, sent.turn_id),
    "resume": lambda frame_id, sent: Follow(frame_id, sent.turn_id, sent.after_sequence),
    "ping": lambda frame_id, _sent: Knock(frame_id),
}


def _refusal(frame: Refused) -> frame_pb2.FrameError:
    error = frame.error
    metadata = dict(error.metadata) | ({"turn_id": frame.turn_id} if frame.turn_id else {})
    return frame_pb2.FrameError(
        code=error.reason.value,
        message=error.sentence,
        retry_after=error.retry_after_seconds or 0.0,
        metadata=metadata,
    )
