"""Frames of a client, as their messages, made into values; both codecs read by this table.

Nothing here knows JSON, bytes or a connection.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.message import Message

from edge.frames import Again, ClientFrame, Decide, Edit, Follow, Knock, Rate, Report, Say, Stop, Wishes
from soma.chat.v1 import message_pb2, turn_service_pb2
from soma.edge.v1 import frame_pb2
from soma_common.kernel.errors import invalid_field

LONGEST_ID: Final = 128


@dataclass(frozen=True, slots=True)
class Reader:
    """One kind of frame: its name in JSON, the message that carries it, and how that becomes a value."""

    name: str
    make: Callable[[], Message]
    read: Callable[[str, Any], ClientFrame]


_RATINGS: Final[Mapping[int, int]] = {
    frame_pb2.SIGNAL_GOOD: message_pb2.RATING_GOOD,
    frame_pb2.SIGNAL_BAD: message_pb2.RATING_BAD,
    frame_pb2.SIGNAL_NONE: message_pb2.RATING_UNSPECIFIED,
}


def _wishes(sent: Any) -> Wishes:
    return Wishes(
        request_id=sent.request_id,
        options=sent.options if sent.HasField("options") else None,
        model_profile_id=sent.model_profile_id,
        while_busy=sent.while_busy,
        lasts=sent.on_disconnect != turn_service_pb2.ON_DISCONNECT_CANCEL,
    )


def _say(frame_id: str, sent: frame_pb2.ChatSend) -> Say:
    return Say(frame_id, sent.content, sent.conversation_id, sent.agent_id, sent.parent_message_id, _wishes(sent))


def _edit(frame_id: str, sent: frame_pb2.ChatEdit) -> Edit:
    return Edit(frame_id, sent.message_id, sent.content, _wishes(sent))


def _again(frame_id: str, sent: frame_pb2.ChatRegenerate) -> Again:
    return Again(frame_id, sent.message_id, _wishes(sent))


def _report(frame_id: str, sent: frame_pb2.ToolResult) -> Report:
    return Report(frame_id, sent.turn_id, sent.call_id, sent.content, sent.failed)


def _decide(frame_id: str, sent: frame_pb2.ToolApprove) -> Decide:
    return Decide(frame_id, sent.turn_id, sent.call_id, sent.decision, sent.arguments_hash, sent.note)


def _rate(frame_id: str, sent: frame_pb2.Feedback) -> Rate:
    if sent.signal not in _RATINGS:
        raise invalid_field("signal", "it must be good, bad or none")
    return Rate(frame_id, sent.turn_id, _RATINGS[sent.signal], sent.text)


# By the field of soma.edge.v1.ClientFrame.
READERS: Final[Mapping[str, Reader]] = {
    "send": Reader("chat.send", frame_pb2.ChatSend, _say),
    "edit": Reader("chat.edit", frame_pb2.ChatEdit, _edit),
    "regenerate": Reader("chat.regenerate", frame_pb2.ChatRegenerate, _again),
    "cancel": Reader("chat.cancel", frame_pb2.ChatCancel, lambda frame_id, sent: Stop(frame_id, sent.turn_id)),
    "resume": Reader(
        "chat.resume", frame_pb2.ChatResume, lambda frame_id, sent: Follow(frame_id, sent.turn_id, sent.after_sequence)
    ),
    "tool_result": Reader("tool.result", frame_pb2.ToolResult, _report),
    "approve": Reader("tool.approve", frame_pb2.ToolApprove, _decide),
    "feedback": Reader("feedback", frame_pb2.Feedback, _rate),
    "ping": Reader("ping", frame_pb2.Ping, lambda frame_id, _sent: Knock(frame_id)),
}
