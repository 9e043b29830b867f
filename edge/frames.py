"""What is said over a socket, as plain values that both codecs speak.

Nothing here knows JSON, protobuf or a connection.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from soma_common.kernel.errors import SomaError


@dataclass(frozen=True, slots=True)
class Say:
    """The client says something to an agent; `options` is passed on unread."""

    frame_id: str
    content: str
    conversation_id: str = ""
    agent_id: str = ""
    parent_message_id: str = ""
    request_id: str = ""
    options: object = None


@dataclass(frozen=True, slots=True)
class Stop:
    """The client stops a turn."""

    frame_id: str
    turn_id: str


@dataclass(frozen=True, slots=True)
class Follow:
    """The client wants the events of a turn after a sequence."""

    frame_id: str
    turn_id: str
    after_sequence: int


@dataclass(frozen=True, slots=True)
class Knock:
    """The client asks whether anybody is there."""

    frame_id: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The client sent something that cannot be read; `frame_id` as far as it was known."""

    frame_id: str
    error: SomaError


ClientFrame = Say | Stop | Follow | Knock | Unreadable


class EventKind(StrEnum):
    """What an event of a turn tells; OPAQUE when the codec does not look inside."""

    STARTED = "started"
    TEXT = "text"
    REASONING = "reasoning"
    TOOL_CALL = "tool_call"
    NOTICE = "notice"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    OPAQUE = "opaque"


TERMINAL = frozenset((EventKind.COMPLETED, EventKind.FAILED, EventKind.CANCELLED))


@dataclass(slots=True)
class TurnNews:
    """One event of a turn; a merged one covers first_sequence..sequence. `payload` belongs to the codec that made it.

    `content` is the whole answer, set on the event that completes a turn.
    """

    kind: EventKind
    turn_id: str
    sequence: int = 0
    first_sequence: int = 0
    text: str = ""
    payload: object = None
    content: str = ""
    frame_id: str = ""

    @property
    def size(self) -> int:
        """Roughly how much it carries: characters, or bytes where it is not looked into."""
        return len(self.payload) if isinstance(self.payload, bytes) else len(self.text) + len(self.content)


@dataclass(frozen=True, slots=True)
class Welcome:
    """The first frame of a connection."""

    user_id: str
    tenant_id: str
    agents: tuple[tuple[str, str], ...]
    features: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Here:
    """The answer to a knock."""

    frame_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A frame, or the turn it started, came to nothing; `turn_id` when there was one."""

    frame_id: str
    error: SomaError
    turn_id: str = ""


ServerFrame = Welcome | TurnNews | Here | Refused
