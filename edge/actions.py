"""What a session wants done: the actions of its machine, and the codes with which a connection closes.

Nothing here decides or acts.
"""

from dataclasses import dataclass
from typing import Final

from edge.frames import Follow, Opening, ServerFrame, Submission, TurnNews

UNAUTHENTICATED: Final = 4001
FORBIDDEN: Final = 4003
AGENT_NOT_FOUND: Final = 4004
POLICY: Final = 4008
SUPERSEDED: Final = 4009
TOO_MANY: Final = 4029
RESTART: Final = 1012
SLOW_READER: Final = 1013


@dataclass(frozen=True, slots=True)
class Tell:
    """Send a frame."""

    frame: ServerFrame


@dataclass(frozen=True, slots=True)
class Begin:
    """Start a turn and hand its events in under this stream number."""

    stream: int
    say: Opening


@dataclass(frozen=True, slots=True)
class Rejoin:
    """Follow a turn and hand its events in under this stream number."""

    stream: int
    follow: Follow


@dataclass(frozen=True, slots=True)
class Leave:
    """Stop following; the turn itself goes on."""

    stream: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop a turn; its own last event says when that is done."""

    frame_id: str
    turn_id: str


@dataclass(frozen=True, slots=True)
class Submit:
    """Hand in what a frame brought, and what came of it."""

    frame: Submission


@dataclass(frozen=True, slots=True)
class Complete:
    """Look the whole answer up, put it into the news and send that: its beginning did not come by here."""

    news: TurnNews


@dataclass(frozen=True, slots=True)
class AwaitTitle:
    """Wait a while for the title of a conversation, and hand it in."""

    conversation_id: str


@dataclass(frozen=True, slots=True)
class Hang:
    """Close the connection."""

    code: int
    reason: str


Action = Tell | Begin | Rejoin | Leave | Cancel | Submit | Complete | AwaitTitle | Hang
