"""What is said over a socket, as plain values that both codecs speak.

Nothing here knows JSON, protobuf or a connection.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from soma_common.kernel.errors import SomaError


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a turn shall go; all of it is passed on unread. `lasts`: the turn goes on when the connection closes."""

    request_id: str = ""
    options: object = None
    model_profile_id: str = ""
    while_busy: int = 0
    lasts: bool = True


NO_WISHES = Wishes()


@dataclass(frozen=True, slots=True)
class Say:
    """The client says something to an agent."""

    frame_id: str
    content: str
    conversation_id: str = ""
    agent_id: str = ""
    parent_message_id: str = ""
    wishes: Wishes = NO_WISHES


@dataclass(frozen=True, slots=True)
class Edit:
    """The client says something else in the place of a message."""

    frame_id: str
    message_id: str
    content: str
    wishes: Wishes = NO_WISHES


@dataclass(frozen=True, slots=True)
class Again:
    """The client wants a question answered anew."""

    frame_id: str
    message_id: str
    wishes: Wishes = NO_WISHES


@dataclass(frozen=True, slots=True)
class Report:
    """The client tells what a tool of its own said."""

    frame_id: str
    turn_id: str
    call_id: str
    content: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Decide:
    """The client decides about a tool that waits for consent; `decision` is passed on unread."""

    frame_id: str
    turn_id: str
    call_id: str
    decision: int
    arguments_hash: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """The client says how an answer was; `rating` is passed on unread."""

    frame_id: str
    turn_id: str
    rating: int
    text: str = ""


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


Opening = Say | Edit | Again
Submission = Report | Decide | Rate
ClientFrame = Opening | Submission | Stop | Follow | Knock | Unreadable


class EventKind(StrEnum):
    """What an event of a turn tells, by the field of its contract; OPAQUE when the codec does not look inside.

    OPAQUE_END is an event that completes a turn, and is not looked into either.
    """

    STARTED = "started"
    TEXT = "text"
    REASONING = "reasoning"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"
    APPROVAL = "approval"
    APPROVAL_RESOLVED = "approval_resolved"
    NOTICE = "notice"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    OPAQUE = "opaque"
    OPAQUE_END = "opaque_end"


TERMINAL = frozenset((EventKind.COMPLETED, EventKind.FAILED, EventKind.CANCELLED, EventKind.OPAQUE_END))


@dataclass(slots=True)
class TurnNews:
    """One event of a turn; a merged one covers first_sequence..sequence. `payload` belongs to the codec that made it.

    `content` is the whole answer, set on the event that completes a turn. `untitled` is the conversation of a turn that
    starts, when it has no title yet.
    """

    kind: EventKind
    turn_id: str
    sequence: int = 0
    first_sequence: int = 0
    text: str = ""
    payload: object = None
    content: str = ""
    frame_id: str = ""
    untitled: str = ""

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
    roles: tuple[str, ...]


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


@dataclass(frozen=True, slots=True)
class Kept:
    """What a frame brought was kept; `answer` is what the service said, passed on unread."""

    frame_id: str
    answer: object


@dataclass(frozen=True, slots=True)
class Titled:
    """A conversation got its title."""

    conversation_id: str
    title: str


ServerFrame = Welcome | TurnNews | Here | Refused | Kept | Titled
