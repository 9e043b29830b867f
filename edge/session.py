"""The state of one connection as a machine: what comes in, what is to be done. Both codecs run on it.

Nothing here awaits, reads a clock, or knows JSON, protobuf, HTTP or gRPC; times are handed in.

    OPEN ── leave ──▶ CLOSED   1012, the server restarts
    OPEN ── expire ─▶ CLOSED   4001, the identity is not valid any more
    OPEN ── lag ────▶ CLOSED   1013, the client reads too slowly
    OPEN ── close ──▶ CLOSED   the client is gone
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from edge.frames import (
    TERMINAL,
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
from soma_common.kernel.errors import SomaError, invalid_field
from soma_common.kernel.reasons import Kind, Reason

UNAUTHENTICATED: Final = 4001
FORBIDDEN: Final = 4003
AGENT_NOT_FOUND: Final = 4004
POLICY: Final = 4008
TOO_MANY: Final = 4029
RESTART: Final = 1012
SLOW_READER: Final = 1013

_RETRY_SECONDS: Final = 2.0


class State(StrEnum):
    """Where a connection stands."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Tell:
    """Send a frame."""

    frame: ServerFrame


@dataclass(frozen=True, slots=True)
class Begin:
    """Start a turn and hand its events in under this stream number."""

    stream: int
    say: Say


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
    """Stop a turn."""

    frame_id: str
    turn_id: str


@dataclass(frozen=True, slots=True)
class Complete:
    """Look the whole answer up, put it into the news and send that: its beginning did not come by here."""

    news: TurnNews


@dataclass(frozen=True, slots=True)
class Hang:
    """Close the connection."""

    code: int
    reason: str


Action = Tell | Begin | Rejoin | Leave | Cancel | Complete | Hang


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """What one connection may do."""

    content_bytes: int = 65536
    turns: int = 16


@dataclass(slots=True)
class _Stream:
    frame_id: str
    turn_id: str = ""
    whole: bool = True
    text: list[str] = field(default_factory=list)


class Session:
    """One connection. `admit(now)` takes one message off the user's allowance: None, or seconds until there is one."""

    def __init__(
        self, admit: Callable[[float], float | None], limits: SessionLimits, allowance: str, agent_id: str = ""
    ) -> None:
        self.state = State.OPEN
        self._admit = admit
        self._limits = limits
        self._allowance = allowance
        self._agent_id = agent_id
        self._streams: dict[int, _Stream] = {}
        self._last_stream = 0

    @property
    def turns(self) -> int:
        """How many turns are followed now."""
        return len(self._streams)

    def greet(self, welcome: Welcome) -> list[Action]:
        """The connection was let in."""
        return [Tell(welcome)] if self.state is State.OPEN else []

    def receive(self, frame: ClientFrame, now: float) -> list[Action]:
        """The client sent a frame."""
        if self.state is State.CLOSED:
            return []
        return _ON_FRAME[type(frame)](self, frame, now)

    def event(self, stream: int, news: TurnNews) -> list[Action]:
        """A followed turn has news."""
        known = self._streams.get(stream)
        if self.state is State.CLOSED or known is None:
            return []
        news.frame_id = known.frame_id
        known.turn_id = known.turn_id or news.turn_id
        if news.kind is EventKind.TEXT and known.whole:
            known.text.append(news.text)
        if news.kind not in TERMINAL:
            return [Tell(news)]
        del self._streams[stream]
        if news.kind is not EventKind.COMPLETED:
            return [Tell(news)]
        if not known.whole:
            return [Complete(news)]
        news.content = "".join(known.text)
        return [Tell(news)]

    def ended(self, stream: int) -> list[Action]:
        """The events of a turn came to their end."""
        self._streams.pop(stream, None)
        return []

    def failed(self, stream: int, error: SomaError) -> list[Action]:
        """A turn was refused, or can no longer be followed."""
        known = self._streams.pop(stream, None)
        if self.state is State.CLOSED or known is None:
            return []
        return [Tell(Refused(known.frame_id, error, known.turn_id))]

    def refused(self, frame_id: str, error: SomaError, turn_id: str = "") -> list[Action]:
        """What a frame asked for, other than a turn, failed."""
        return [] if self.state is State.CLOSED else [Tell(Refused(frame_id, error, turn_id))]

    def leave(self) -> list[Action]:
        """The server is going down."""
        if self.state is State.CLOSED:
            return []
        error = SomaError(Reason.SHUTTING_DOWN, retry_after_seconds=_RETRY_SECONDS)
        return [
            Tell(Refused("", error)),
            *self._hang(RESTART, f"the server restarts, try again in {_RETRY_SECONDS:g} s"),
        ]

    def expire(self, error: SomaError) -> list[Action]:
        """The identity is not valid any more, or nobody can say whether it is: then the client may come back soon."""
        if self.state is State.CLOSED:
            return []
        code = UNAUTHENTICATED if error.kind is Kind.UNAUTHENTICATED else RESTART
        return [Tell(Refused("", error)), *self._hang(code, error.reason.value)]

    def lag(self) -> list[Action]:
        """The client reads too slowly."""
        return self._hang(SLOW_READER, "the reader is too slow, resume from the last sequence")

    def close(self) -> list[Action]:
        """The connection is gone: stop following, let the turns go on."""
        return self._silence()

    def _hang(self, code: int, reason: str) -> list[Action]:
        if self.state is State.CLOSED:
            return []
        return [*self._silence(), Hang(code, reason)]

    def _silence(self) -> list[Action]:
        self.state = State.CLOSED
        left: list[Action] = [Leave(stream) for stream in self._streams]
        self._streams.clear()
        return left

    def _say(self, frame: Say, now: float) -> list[Action]:
        problem = self._problem_of(frame) or self._full(now)
        if problem is not None:
            return self.refused(frame.frame_id, problem)
        if not frame.agent_id and self._agent_id and not frame.conversation_id:
            frame = _for_agent(frame, self._agent_id)
        stream = self._open(_Stream(frame.frame_id))
        return [Begin(stream, frame)]

    def _problem_of(self, frame: Say) -> SomaError | None:
        if not frame.content:
            return invalid_field("content", "it must not be empty")
        if len(frame.content.encode("utf-8", "surrogatepass")) > self._limits.content_bytes:
            return SomaError(Reason.PAYLOAD_TOO_LARGE, {"limit": f"{self._limits.content_bytes} bytes"})
        return None

    def _full(self, now: float) -> SomaError | None:
        if len(self._streams) >= self._limits.turns:
            limit = f"{self._limits.turns} turns at once on one connection"
            return SomaError(Reason.RATE_LIMITED, {"limit": limit}, retry_after_seconds=1.0)
        wait = self._admit(now)
        if wait is None:
            return None
        return SomaError(Reason.RATE_LIMITED, {"limit": self._allowance}, retry_after_seconds=wait)

    def _follow(self, frame: Follow, _now: float) -> list[Action]:
        twins = [number for number, known in self._streams.items() if known.turn_id == frame.turn_id]
        for number in twins:
            del self._streams[number]
        if len(self._streams) >= self._limits.turns:
            limit = f"{self._limits.turns} turns at once on one connection"
            return self.refused(
                frame.frame_id, SomaError(Reason.RATE_LIMITED, {"limit": limit}, retry_after_seconds=1.0)
            )
        stream = self._open(_Stream(frame.frame_id, frame.turn_id, whole=frame.after_sequence == 0))
        return [*(Leave(number) for number in twins), Rejoin(stream, frame)]

    def _stop(self, frame: Stop, _now: float) -> list[Action]:
        if not frame.turn_id:
            return self.refused(frame.frame_id, invalid_field("turn_id", "it must not be empty"))
        return [Cancel(frame.frame_id, frame.turn_id)]

    def _knock(self, frame: Knock, _now: float) -> list[Action]:
        return [Tell(Here(frame.frame_id))]

    def _unreadable(self, frame: Unreadable, _now: float) -> list[Action]:
        return self.refused(frame.frame_id, frame.error)

    def _open(self, stream: _Stream) -> int:
        self._last_stream += 1
        self._streams[self._last_stream] = stream
        return self._last_stream


def _for_agent(frame: Say, agent_id: str) -> Say:
    return Say(
        frame.frame_id,
        frame.content,
        frame.conversation_id,
        agent_id,
        frame.parent_message_id,
        frame.request_id,
        frame.options,
    )


_ON_FRAME: Final[Mapping[type, Callable[..., list[Action]]]] = {
    Say: Session._say,  # noqa: SLF001 - the table belongs to the class
    Stop: Session._stop,  # noqa: SLF001
    Follow: Session._follow,  # noqa: SLF001
    Knock: Session._knock,  # noqa: SLF001
    Unreadable: Session._unreadable,  # noqa: SLF001
}
