"""The state of one connection as a machine: what comes in, what is to be done. Both codecs run on it.

Nothing here awaits, reads a clock, or knows JSON, protobuf, HTTP or gRPC; times are handed in.

    OPEN ── leave ──▶ CLOSED   1012, the server restarts
    OPEN ── expire ─▶ CLOSED   4001, the identity is not valid any more
    OPEN ── lag ────▶ CLOSED   1013, the client reads too slowly
    OPEN ── flood ──▶ CLOSED   4029, the client sends far too many frames
    OPEN ─ supersede▶ CLOSED   4009, the client came back by another connection
    OPEN ── close ──▶ CLOSED   the client is gone
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Final

from edge.actions import (
    RESTART,
    SLOW_READER,
    SUPERSEDED,
    TOO_MANY,
    UNAUTHENTICATED,
    Action,
    AwaitTitle,
    Begin,
    Cancel,
    Complete,
    Hang,
    Leave,
    Rejoin,
    Submit,
    Tell,
)
from edge.frames import (
    TERMINAL,
    Again,
    ClientFrame,
    Decide,
    Edit,
    EventKind,
    Follow,
    Here,
    Kept,
    Knock,
    Opening,
    Rate,
    Refused,
    Report,
    Say,
    Stop,
    Submission,
    Titled,
    TurnNews,
    Unreadable,
    Welcome,
)
from edge.rates import Bucket, SessionLimits
from edge.streams import Stream, Streams
from soma_common.kernel.errors import SomaError, invalid_field
from soma_common.kernel.reasons import Kind, Reason

_RETRY_SECONDS: Final = 2.0


class State(StrEnum):
    """Where a connection stands."""

    OPEN = "open"
    CLOSED = "closed"


class Session:
    """One connection. `admit(now)` takes one message off the user's allowance: None, or seconds until there is one."""

    __slots__ = ("_admit", "_agent_id", "_allowance", "_limits", "_pace", "_requests", "_streams", "_titles", "state")

    def __init__(
        self, admit: Callable[[float], float | None], limits: SessionLimits, allowance: str, agent_id: str = ""
    ) -> None:
        self.state = State.OPEN
        self._admit = admit
        self._limits = limits
        self._allowance = allowance
        self._agent_id = agent_id
        self._pace: Bucket | None = None
        self._streams = Streams()
        self._requests = 0
        self._titles: list[str] = []

    @property
    def turns(self) -> int:
        """How many turns are followed now."""
        return len(self._streams)

    def greet(self, welcome: Welcome) -> list[Action]:
        """The connection was let in."""
        return [Tell(welcome)] if self.state is State.OPEN else []

    def receive(self, frame: ClientFrame, now: float) -> list[Action]:
        """The client sent a frame; one that sends far too many is not listened to any longer."""
        if self.state is State.CLOSED:
            return []
        if self._pace is None:
            self._pace = Bucket(float(self._limits.frames_at_once), self._limits.frames_per_second, now)
        wait = self._pace.take(now)
        if wait is None:
            return _ON_FRAME[type(frame)](self, frame, now)
        limit = f"{self._limits.frames_per_second:g} frames a second on one connection"
        error = SomaError(Reason.RATE_LIMITED, {"limit": limit}, retry_after_seconds=wait)
        return [*self.refused(frame.frame_id, error), *self._hang(TOO_MANY, error.reason.value)]

    def event(self, stream: int, news: TurnNews) -> list[Action]:
        """A followed turn has news."""
        known = self._streams.find(stream)
        if self.state is State.CLOSED or known is None:
            return []
        news.frame_id = known.frame_id
        known.turn_id = known.turn_id or news.turn_id
        known.untitled = known.untitled or news.untitled
        if news.kind is EventKind.TEXT and known.whole:
            known.text.append(news.text)
        if news.kind in TERMINAL:
            self._streams.end(stream)
        if not known.heard:
            return []
        return [Tell(news)] if news.kind not in TERMINAL else self._over(known, news)

    def _over(self, known: Stream, news: TurnNews) -> list[Action]:
        """The last event of a turn: with it goes the whole answer, and a conversation may get its title now."""
        if news.kind is EventKind.COMPLETED:
            news.content = "".join(known.text)
        last: Action = Tell(news) if known.whole or news.kind is not EventKind.COMPLETED else Complete(news)
        due = news.kind in _COMPLETED and known.untitled not in ("", *self._titles)
        if not due or len(self._titles) >= self._limits.titles:
            return [last]
        self._titles.append(known.untitled)
        return [last, AwaitTitle(known.untitled)]

    def ended(self, stream: int) -> list[Action]:
        """The events of a turn came to their end."""
        self._streams.end(stream)
        return []

    def failed(self, stream: int, error: SomaError) -> list[Action]:
        """A turn was refused, or can no longer be followed."""
        known = self._streams.end(stream)
        if self.state is State.CLOSED or known is None:
            return []
        return [Tell(Refused(known.frame_id, error, known.turn_id))]

    def refused(self, frame_id: str, error: SomaError, turn_id: str = "") -> list[Action]:
        """What a frame asked for, other than a turn, failed."""
        return [] if self.state is State.CLOSED else [Tell(Refused(frame_id, error, turn_id))]

    def kept(self, frame_id: str, answer: object, continuing_turn_id: str = "") -> list[Action]:
        """What a frame brought was kept; a turn that goes on with it is followed."""
        if self.state is State.CLOSED:
            return []
        goes_on = self._follow(Follow(frame_id, continuing_turn_id, 0), 0.0) if continuing_turn_id else []
        return [Tell(Kept(frame_id, answer)), *goes_on]

    def released(self) -> None:
        """A stop or a submission is over, however it ended."""
        self._requests -= 1

    def titled(self, conversation_id: str, title: str) -> list[Action]:
        """A title came, or none (empty) in the time that is waited for one."""
        self._titles.remove(conversation_id)
        return [Tell(Titled(conversation_id, title))] if title and self.state is State.OPEN else []

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

    def supersede(self) -> list[Action]:
        """The client came back by another connection and has no use for this one."""
        return self._hang(SUPERSEDED, "the client goes on at a newer connection")

    def close(self) -> list[Action]:
        """The connection is gone: stop following, let the turns go on."""
        return self._silence()

    def _hang(self, code: int, reason: str) -> list[Action]:
        if self.state is State.CLOSED:
            return []
        return [*self._silence(), Hang(code, reason)]

    def _silence(self) -> list[Action]:
        self.state = State.CLOSED
        return [Leave(stream) for stream in self._streams.end_all()]

    def _say(self, frame: Say, now: float) -> list[Action]:
        if not frame.agent_id and self._agent_id and not frame.conversation_id:
            frame = replace(frame, agent_id=self._agent_id)
        return self._begin(frame, self._problem_of(frame.content), now)

    def _edit(self, frame: Edit, now: float) -> list[Action]:
        return self._begin(frame, _unnamed(frame, "message_id") or self._problem_of(frame.content), now)

    def _again(self, frame: Again, now: float) -> list[Action]:
        return self._begin(frame, _unnamed(frame, "message_id"), now)

    def _begin(self, frame: Opening, problem: SomaError | None, now: float) -> list[Action]:
        problem = problem or self._full(now)
        if problem is not None:
            return self.refused(frame.frame_id, problem)
        stream = self._streams.open(Stream(frame.frame_id, lasts=frame.wishes.lasts))
        return [Begin(stream, frame)]

    def _problem_of(self, content: str) -> SomaError | None:
        if not content:
            return invalid_field("content", "it must not be empty")
        if len(content.encode("utf-8", "surrogatepass")) > self._limits.content_bytes:
            return SomaError(Reason.PAYLOAD_TOO_LARGE, {"limit": f"{self._limits.content_bytes} bytes"})
        return None

    def _full(self, now: float) -> SomaError | None:
        crowded = self._crowded(len(self._streams))
        wait = None if crowded is not None else self._admit(now)
        if wait is None:
            return crowded
        return SomaError(Reason.RATE_LIMITED, {"limit": self._allowance}, retry_after_seconds=wait)

    def _crowded(self, streams: int) -> SomaError | None:
        if streams < self._limits.turns:
            return None
        limit = f"{self._limits.turns} turns at once on one connection"
        return SomaError(Reason.RATE_LIMITED, {"limit": limit}, retry_after_seconds=1.0)

    def _follow(self, frame: Follow, _now: float) -> list[Action]:
        problem = _unnamed(frame, "turn_id") or self._crowded(self._streams.without(frame.turn_id))
        if problem is not None:
            return self.refused(frame.frame_id, problem)
        left = self._streams.make_way(frame.turn_id)
        stream = self._streams.open(Stream(frame.frame_id, frame.turn_id, whole=frame.after_sequence == 0))
        return [*(Leave(number) for number in left), Rejoin(stream, frame)]

    def _stop(self, frame: Stop, _now: float) -> list[Action]:
        return self._request(frame, _unnamed(frame, "turn_id"), Cancel(frame.frame_id, frame.turn_id))

    def _submit(self, frame: Submission, _now: float) -> list[Action]:
        problem = _unnamed(frame, "turn_id")
        if problem is None and isinstance(frame, Report):
            problem = self._problem_of(frame.content or "-")
        return self._request(frame, problem, Submit(frame))

    def _request(self, frame: ClientFrame, problem: SomaError | None, action: Action) -> list[Action]:
        if problem is None and self._requests >= self._limits.requests:
            limit = f"{self._limits.requests} requests at once on one connection"
            problem = SomaError(Reason.RATE_LIMITED, {"limit": limit}, retry_after_seconds=1.0)
        if problem is not None:
            return self.refused(frame.frame_id, problem)
        self._requests += 1
        return [action]

    def _knock(self, frame: Knock, _now: float) -> list[Action]:
        return [Tell(Here(frame.frame_id))]

    def _unreadable(self, frame: Unreadable, _now: float) -> list[Action]:
        return self.refused(frame.frame_id, frame.error)


def _unnamed(frame: ClientFrame, field_name: str) -> SomaError | None:
    return None if getattr(frame, field_name) else invalid_field(field_name, "it must not be empty")


_COMPLETED: Final = (EventKind.COMPLETED, EventKind.OPAQUE_END)
_ON_FRAME: Final[Mapping[type, Callable[..., list[Action]]]] = {
    Say: Session._say,  # noqa: SLF001 - the table belongs to the class
    Edit: Session._edit,  # noqa: SLF001
    Again: Session._again,  # noqa: SLF001
    Report: Session._submit,  # noqa: SLF001
    Decide: Session._submit,  # noqa: SLF001
    Rate: Session._submit,  # noqa: SLF001
    Stop: Session._stop,  # noqa: SLF001
    Follow: Session._follow,  # noqa: SLF001
    Knock: Session._knock,  # noqa: SLF001
    Unreadable: Session._unreadable,  # noqa: SLF001
}
