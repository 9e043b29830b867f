"""The events of one turn, and what is kept of them for its end.

Nothing here waits for an event or prints; what happens is told to a `Listener`.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cli.failures import advice
from cli.views.level import level_word
from cli.views.words import money
from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.common.v1 import level_pb2 as level_pb


class Listener(Protocol):
    """What is told while a turn runs."""

    def event(self, event: event_pb.TurnEvent) -> None:
        """Every event as it came."""

    def text(self, piece: str) -> None:
        """A piece of the answer."""

    def notice(self, sentence: str, code: str = "") -> None:
        """Something the person should know; `code` as in soma.chat.v1.Notice, empty for what is of this connection."""

    def aside(self, event: event_pb.TurnEvent) -> None:
        """A tool that was called or has ended, a consent that is wanted or was given."""


@dataclass(frozen=True, slots=True)
class TurnEnd:
    """How a turn ended, or where it waits.

    `failure` is the sentence of one that failed, empty otherwise; `waits_for` is the consent without which it does not
    go on, and then it goes on after `last_sequence`.
    """

    conversation_id: str
    receipt: str = ""
    failure: str = ""
    cancelled: bool = False
    turn_id: str = ""
    last_sequence: int = 0
    waits_for: event_pb.ApprovalRequested | None = None


class Watch:
    """Follows the events of a turn and keeps what the end needs."""

    def __init__(self, conversation_id: str, listener: Listener, turn_id: str = "", last_sequence: int = 0) -> None:
        self.listener = listener
        self.end: TurnEnd | None = None
        self.last_sequence = last_sequence
        self._conversation_id = conversation_id
        self._turn_id: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        if turn_id:
            self._turn_id.set_result(turn_id)
        self._level = ""
        self._told: set[str] = set()
        self._since = time.monotonic()
        self._first_word_seconds: float | None = None
        self._rules: dict[str, Callable[[event_pb.TurnEvent], None]] = {
            "started": self._started,
            "text": self._text,
            "notice": lambda event: self.notice(event.notice.sentence, event.notice.code),
            "tool_call": self.listener.aside,
            "tool_result": self.listener.aside,
            "approval": self._waits,
            "approval_resolved": self.listener.aside,
            "completed": lambda event: self._ended(event.completed),
            "failed": lambda event: self._ended(event.failed, failure=_why(event.failed)),
            "cancelled": lambda event: self._ended(event.cancelled, cancelled=True),
        }

    @property
    def conversation_id(self) -> str:
        """The conversation of the turn; empty while it is not known."""
        return self._conversation_id

    async def turn_id(self) -> str:
        """The turn's id, as soon as its first event has come."""
        return await self._turn_id

    def close(self) -> None:
        """No more events come: nobody need wait for the first one."""
        self._turn_id.cancel()

    def see(self, event: event_pb.TurnEvent) -> None:
        """Take one event."""
        if not self._turn_id.done():
            self._turn_id.set_result(event.turn_id)
        self.last_sequence = event.sequence
        self.listener.event(event)
        rule = self._rules.get(event.WhichOneof("event") or "")
        if rule is not None:
            rule(event)

    def notice(self, sentence: str, code: str = "") -> None:
        """A plan and a notice may say the same; people need it once."""
        if sentence not in self._told:
            self._told.add(sentence)
            self.listener.notice(sentence, code)

    def _waits(self, event: event_pb.TurnEvent) -> None:
        self.listener.aside(event)
        self.end = TurnEnd(
            self._conversation_id,
            turn_id=event.turn_id,
            last_sequence=event.sequence,
            waits_for=event.approval,
        )

    def _started(self, event: event_pb.TurnEvent) -> None:
        self._conversation_id = event.started.conversation_id
        self._level = level_word(event.started.level)
        for reason in event.started.level_reasons:
            if reason.level != level_pb.DEGRADATION_LEVEL_L0 and reason.sentence:
                self.notice(reason.sentence)

    def _text(self, event: event_pb.TurnEvent) -> None:
        if self._first_word_seconds is None:
            self._first_word_seconds = time.monotonic() - self._since
        self.listener.text(event.text.text)

    def _ended(
        self,
        end: event_pb.TurnCompleted | event_pb.TurnFailed | event_pb.TurnCancelled,
        *,
        failure: str = "",
        cancelled: bool = False,
    ) -> None:
        self.end = TurnEnd(self._conversation_id, self._receipt(end), failure, cancelled)

    def _receipt(self, end: event_pb.TurnCompleted | event_pb.TurnFailed | event_pb.TurnCancelled) -> str:
        """Level, AIQ, tokens, cost, time to the first word, receipt."""
        used = end.usage
        tokens = used.input_tokens + used.output_tokens
        about = "about " if used.estimated else ""
        aiq = ""
        if isinstance(end, event_pb.TurnCompleted) and end.HasField("aiq_observed"):
            aiq = f"AIQ {end.aiq_observed:.0f}"
        parts = [
            self._level,
            aiq,
            f"{about}{tokens} tokens ({used.input_tokens} in, {used.output_tokens} out)",
            f"cost {money(end.cost_micros)}",
            f"first word {self._first_word_seconds:.2f} s" if self._first_word_seconds is not None else "",
            f"receipt {end.receipt_id}" if end.receipt_id else "",
        ]
        return " · ".join(part for part in parts if part)


def _why(failed: event_pb.TurnFailed) -> str:
    """The sentence of a failure and what can be done."""
    advised = advice(failed.reason, failed.retry_after_seconds or None)
    return "\n".join(part for part in (failed.sentence, advised) if part)
