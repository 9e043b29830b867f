"""A turn while this process runs it: its events as far as they are durable, who waits for them, and how it is stopped.

Nothing here stores or calls anybody; the journal and the engine move it.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Final
from uuid import UUID

from servers.chat.domain.turn import Step, TurnState
from servers.chat.turns.acceptance import Queued
from servers.chat.turns.order import Order
from servers.chat.turns.stream import Numbered, Payload, merged, numbered
from soma.chat.v1 import turn_event_pb2
from soma_common.kernel.errors import SomaError

# A reader that is further behind than this gets neighbouring deltas as one.
LAG_EVENTS: Final = 16


class Stop(Enum):
    """Why a turn is being stopped from outside."""

    CANCELLED = auto()  # by its person
    RELEASED = auto()  # by the end of this process: another one goes on with it
    LOST = auto()  # another process took it over


@dataclass(slots=True)
class Pending:
    """An event that has no number yet."""

    step: Step
    payload: Payload


@dataclass(eq=False)
class RunningTurn:
    """One turn that this process runs. It is made before it is stored and dropped when its end is told."""

    turn_id: UUID
    order: Order
    started_at: float  # monotonic seconds
    state: TurnState = field(default_factory=TurnState)
    # The epoch of this process when the turn was stored; only under it may anything be written for the turn.
    lease_epoch: int = 0
    # The serialised settlement as the plan left it; it is written once, beside the first events.
    settlement: bytes | None = None
    pending: list[Pending] = field(default_factory=list)
    unwritten: list[Numbered] = field(default_factory=list)
    durable: list[Numbered] = field(default_factory=list)
    stop: Stop | None = None
    work: "asyncio.Task[None] | None" = None
    refusal: SomaError | None = None
    over: bool = False
    # Done once the turn is stored; its value is another turn's id where the request was known.
    taken_in: "asyncio.Future[UUID | None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    # Wakes those who follow it in other processes; set once somebody does.
    elsewhere: Callable[[], None] | None = None
    # Its place in a queue, where it was stored in one: then it is another object that runs it one day.
    queued: Queued | None = None
    # Whether it waits for a person: then it is another object that goes on with it one day.
    waits: bool = False
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def lost(self) -> bool:
        """Whether another process took the turn over."""
        return self.stop is Stop.LOST

    @property
    def begun(self) -> bool:
        """Whether its first event was told."""
        return self.state.sequence > 0

    @property
    def told_events(self) -> int:
        """How many events it has, those that are not durable yet among them."""
        return self.state.sequence + len(self.pending)

    @property
    def spoke(self) -> bool:
        """Whether more than its beginning was told: then a little later is soon enough."""
        return bool(self.durable) and self.durable[-1].step not in (Step.STARTED, Step.NOTICE)

    def add(self, step: Step, payload: Payload) -> None:
        """Queues an event; text that waits for the same commit becomes one delta."""
        last = self.pending[-1] if self.pending else None
        if last is not None and step is last.step and step in (Step.TEXT, Step.REASONING):
            _join(last.payload, payload)
        else:
            self.pending.append(Pending(step, payload))

    def take(self, now: datetime) -> list[Numbered]:
        """Numbers what waits; the result is to be made durable and then passed to `tell`."""
        for waiting in self.pending:
            self.state = self.state.after(waiting.step)
            self.unwritten.append(numbered(str(self.turn_id), self.state.sequence, now, waiting.step, waiting.payload))
        self.pending.clear()
        return list(self.unwritten)

    def tell(self, events: list[Numbered]) -> None:
        """Hands durable events to whoever follows."""
        self.durable.extend(events)
        del self.unwritten[: len(events)]
        self._wake()

    def wait(self, asked: list[Numbered]) -> None:
        """Hands on what is asked of a person; nothing more will be told here."""
        for event in asked:
            self.state = self.state.after(event.step)
        self.durable.extend(asked)
        self.waits = True
        self.end()

    def tell_end(self, terminal: Numbered) -> None:
        """Hands the last event to whoever follows."""
        self.state = self.state.after(terminal.step)
        self.durable.append(terminal)
        self.end()

    def ask_to_stop(self, why: Stop) -> None:
        """Stops the work at its next await; the first reason counts."""
        if self.over or self.stop is not None:
            return
        self.stop = why
        if self.work is not None:
            self.work.cancel()

    def lose(self) -> None:
        """Another process took the turn over: it is not ours to end."""
        self.stop = Stop.LOST
        if self.work is not None:
            self.work.cancel()
        self._wake()

    def refuse(self, error: SomaError) -> None:
        """Ends a turn that told nothing."""
        self.refusal = self.refusal or error
        self.end()

    def end(self) -> None:
        """Nothing more will be told here."""
        self.over = True
        if not self.taken_in.done():
            self.taken_in.set_result(None)
        self._wake()

    async def follow(self, after_sequence: int) -> AsyncGenerator[Numbered, None]:
        """Durable events after a number until the last one. Raises the refusal of a turn that was refused.

        It returns early when the turn is no longer this process' own: then the journal has the rest.
        """
        position = after_sequence
        while True:
            changed = self._changed
            waiting = self.durable[position:]
            if waiting:
                for event in merged(waiting) if len(waiting) > LAG_EVENTS else waiting:
                    yield event
                    position = event.sequence
                    if event.ends:
                        return
                continue
            if self.refusal is not None:
                raise self.refusal
            if self.over:
                return
            await changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
        if self.elsewhere is not None:
            self.elsewhere()


def _join(first: Payload, second: Payload) -> None:
    if isinstance(first, turn_event_pb2.TextDelta | turn_event_pb2.ReasoningDelta) and isinstance(
        second, turn_event_pb2.TextDelta | turn_event_pb2.ReasoningDelta
    ):
        first.text += second.text


class RunningTurns:
    """The turns that this process runs, by id."""

    def __init__(self) -> None:
        self._turns: dict[UUID, RunningTurn] = {}

    def add(self, turn: RunningTurn) -> None:
        """Takes a turn in."""
        self._turns[turn.turn_id] = turn

    def drop(self, turn: RunningTurn) -> None:
        """Forgets a turn."""
        self._turns.pop(turn.turn_id, None)

    def find(self, turn_id: UUID) -> RunningTurn | None:
        """The turn, if it runs here."""
        return self._turns.get(turn_id)

    def find_text(self, text: str) -> RunningTurn | None:
        """The turn that a text names, if it names one that runs here."""
        try:
            return self._turns.get(UUID(text))
        except ValueError:
            return None

    def all(self) -> list[RunningTurn]:
        """Every turn that runs here."""
        return list(self._turns.values())

    def __len__(self) -> int:
        return len(self._turns)
