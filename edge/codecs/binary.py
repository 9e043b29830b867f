"""Frames as `soma.edge.v1.ClientFrame` and `ServerFrame`; the bytes of a TurnEvent pass through untouched.

Nothing here knows a connection or the order of frames.
"""

from typing import Final

from google.protobuf.message import DecodeError

from edge.codecs.client_frames import LONGEST_ID, READERS
from edge.codecs.peek import COMPLETED, STARTED, told_by, turn_of
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
from soma.chat.v1 import turn_event_pb2, turn_service_pb2
from soma.edge.v1 import frame_pb2
from soma_common.kernel.clock import Clock, seconds_and_nanos
from soma_common.kernel.errors import SomaError, invalid_field
from soma_common.kernel.reasons import Reason

SUBPROTOCOL: Final = "soma.edge.v1.proto"
_EXPECTED: Final = "a binary message with soma.edge.v1.ClientFrame"
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
        if len(frame.id) > LONGEST_ID:
            return Unreadable("", invalid_field("id", f"it must be text of at most {LONGEST_ID} characters"))
        case = frame.WhichOneof("payload")
        if case is None:
            return Unreadable(frame.id, SomaError(Reason.METHOD_UNKNOWN, {"method": "a frame without a payload"}))
        try:
            return READERS[case].read(frame.id, getattr(frame, case))
        except SomaError as error:
            return Unreadable(frame.id, error)

    def news(self, event: bytes) -> TurnNews:
        """The event unread, but for the id of its turn; only the one that starts a turn is looked into."""
        told, turn_id = told_by(event), turn_of(event)
        if told == STARTED or not turn_id:
            message = turn_event_pb2.TurnEvent.FromString(event)
            untitled = message.started.conversation_id if message.started.untitled else ""
            return TurnNews(EventKind.OPAQUE, message.turn_id, payload=event, untitled=untitled)
        return TurnNews(EventKind.OPAQUE_END if told == COMPLETED else EventKind.OPAQUE, turn_id, payload=event)

    def write(self, frame: ServerFrame) -> bytes:
        """A frame for the client."""
        written = frame_pb2.ServerFrame()
        written.time.seconds, written.time.nanos = seconds_and_nanos(self._clock.now())
        if not isinstance(frame, Welcome | Titled):
            written.id = frame.frame_id
        if isinstance(frame, TurnNews):
            written.turn_event = frame.payload if isinstance(frame.payload, bytes) else b""
        elif isinstance(frame, Welcome):
            written.connected.CopyFrom(_welcome(frame))
        elif isinstance(frame, Here):
            written.pong.SetInParent()
        elif isinstance(frame, Kept):
            written.kept.CopyFrom(_answer(frame.answer))
        elif isinstance(frame, Titled):
            written.title_update.conversation_id = frame.conversation_id
            written.title_update.title = frame.title
        else:
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


def _welcome(frame: Welcome) -> frame_pb2.Connected:
    agents = [frame_pb2.AgentName(agent_id=agent_id, name=name) for agent_id, name in frame.agents]
    return frame_pb2.Connected(
        user_id=frame.user_id,
        tenant_id=frame.tenant_id,
        agents=agents,
        features=dict(frame.features),
        roles=frame.roles,
    )


def _answer(message: object) -> frame_pb2.Kept:
    """What a service said to a submission."""
    kept = frame_pb2.Kept()
    if isinstance(message, turn_service_pb2.SubmitToolResultResponse):
        kept.tool_result.CopyFrom(message)
    elif isinstance(message, turn_service_pb2.ResolveApprovalResponse):
        kept.approval.CopyFrom(message)
    elif isinstance(message, turn_service_pb2.RateTurnResponse):
        kept.feedback.CopyFrom(message)
    return kept


def _refusal(frame: Refused) -> frame_pb2.FrameError:
    error = frame.error
    metadata = dict(error.metadata) | ({"turn_id": frame.turn_id} if frame.turn_id else {})
    return frame_pb2.FrameError(
        code=error.reason.value,
        message=error.sentence,
        retry_after=error.retry_after_seconds or 0.0,
        metadata=metadata,
    )
