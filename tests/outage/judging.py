"""One cell of the matrix in a running stack: the fault, the turns meanwhile, the recovery; and whether it was right.

Nothing here knows how a fault is made.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

import grpc.aio

from soma.common.v1 import level_pb2 as level_pb
from tests.e2e.support.grpc_door import Heard, refusal_of
from tests.e2e.support.person import Person
from tests.outage.faults import broken
from tests.outage.matrix import WITHIN_SECONDS, Cell, Expected, Outcome

_PATIENCE_SECONDS: Final = 45.0
_WELL_SECONDS: Final = 180.0
_PAUSE_SECONDS: Final = 0.15
# How many whole turns in a row prove that it stays well.
_STAYS_TURNS: Final = 4


@dataclass(frozen=True, slots=True)
class SeenTurn:
    """What a person saw of a turn; `level` is None where it never began."""

    outcome: Outcome | None
    level: int | None
    sentences: tuple[str, ...]
    memory_tokens: int
    seconds: float
    trouble: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether it is whole, at L0 and without a notice."""
        return self.outcome is Outcome.ANSWERED and self.level == 0 and not self.sentences

    def fits(self, expected: Expected) -> bool:
        """Whether it is as it must be."""
        if self.outcome is not expected.outcome or (expected.levels and self.level not in expected.levels):
            return False
        told = any(expected.sentence in sentence for sentence in self.sentences)
        lanes_right = not (expected.no_memories and self.memory_tokens)
        return lanes_right and (told or expected.maybe or not expected.sentence)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a cell went: `problems` are what was wrong, `unrest` what came too late or did not stay.

    A machine that does something else besides makes the second alone.
    """

    cell: Cell
    seen: SeenTurn
    seconds_to_notice: float
    seconds_to_recover: float
    problems: tuple[str, ...]
    unrest: tuple[str, ...]

    @property
    def complaints(self) -> tuple[str, ...]:
        """Everything that was not as it should be."""
        return (*self.problems, *self.unrest)


async def judge(person: Person, cell: Cell) -> Verdict:
    """Runs the cell from a well stack to a well stack. Raises AssertionError when it is not well at first."""
    await _well(person)
    problems: list[str] = []
    unrest: list[str] = []
    async with broken(person.mesh, cell):
        began = time.monotonic()
        seen, noticed = await _noticed(person, cell.expected, began)
        if not seen.fits(cell.expected):
            problems.append(f"it was never right: {_said(seen)}")
        elif noticed > WITHIN_SECONDS:
            unrest.append(f"it took {noticed:.1f} s")
        after = await say(person)
        if not after.fits(cell.expected):
            problems.append(f"the next turn was not right: {_said(after)}")
    lifted = time.monotonic()
    recovery = await _well(person)
    recovered = time.monotonic() - lifted
    levels = [turn.level for turn in recovery if turn.level is not None]
    if levels != sorted(levels, reverse=True):
        unrest.append(f"the level went up and down: {levels}")
    for _ in range(_STAYS_TURNS):
        turn = await say(person)
        if not turn.is_plain:
            unrest.append(f"it did not stay well: {_said(turn)}")
    return Verdict(cell, seen, noticed, recovered, tuple(problems), tuple(unrest))


async def say(person: Person) -> SeenTurn:
    """One turn, to its end, as a person sees it."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            heard = await person.grpc.say("What do you remember of the boiler?")
    except TimeoutError:
        return SeenTurn(None, None, (), 0, time.monotonic() - began, "it neither began nor was refused")
    except grpc.aio.AioRpcError as error:
        refusal = refusal_of(error)
        refused = refusal.code is grpc.StatusCode.UNAVAILABLE and bool(refusal.retry_seconds)
        outcome = Outcome.REFUSED if refused else None
        trouble = "" if refused else f"{refusal.code.name} {refusal.reason}"
        return SeenTurn(outcome, None, (refusal.sentence,), 0, time.monotonic() - began, trouble)
    return _seen(heard, time.monotonic() - began)


def _seen(heard: Heard, seconds: float) -> SeenTurn:
    started = heard.started
    level = started.level - level_pb.DEGRADATION_LEVEL_L0
    sentences = tuple(event.notice.sentence for event in heard.events if event.WhichOneof("event") == "notice")
    if heard.kinds[-1] != "completed":
        failed = heard.end.failed
        return SeenTurn(None, level, sentences, started.lanes.memory, seconds, f"{heard.kinds[-1]} {failed.reason}")
    outcome = Outcome.CANNED if started.level == level_pb.DEGRADATION_LEVEL_L4 else Outcome.ANSWERED
    trouble = "" if heard.text else "an empty answer"
    return SeenTurn(outcome if heard.text else None, level, sentences, started.lanes.memory, seconds, trouble)


async def _noticed(person: Person, expected: Expected, began: float) -> tuple[SeenTurn, float]:
    """The first turn that is as expected, or the last one that was tried, and when it had ended."""
    while True:
        seen = await say(person)
        passed = time.monotonic() - began
        if seen.fits(expected) or passed > _PATIENCE_SECONDS:
            return seen, passed
        await asyncio.sleep(_PAUSE_SECONDS)


async def _well(person: Person) -> list[SeenTurn]:
    """All turns until one is plain."""
    until = time.monotonic() + _WELL_SECONDS
    seen: list[SeenTurn] = []
    while not seen or not seen[-1].is_plain:
        assert time.monotonic() < until, f"the stack is not well after {_WELL_SECONDS:g} s: {seen[-3:]}"
        seen.append(await say(person))
        await asyncio.sleep(_PAUSE_SECONDS)
    return seen


def _said(turn: SeenTurn) -> str:
    outcome = turn.outcome.value if turn.outcome else turn.trouble
    level = "no level" if turn.level is None else f"L{turn.level}"
    return f"{outcome} at {level} after {turn.seconds:.1f} s, {' '.join(turn.sentences) or 'without a notice'}"
