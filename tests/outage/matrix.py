"""What a turn must be like while something it leans on is paused, slowed, failing or gone: the table, and nothing else.

How a fault is made stands in `faults.py`, how a turn is judged in `judging.py`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Fault(StrEnum):
    """What happens to a dependency."""

    PAUSED = "paused"  # it is there and says nothing
    SLOWED = "slowed"  # it runs for a fraction of the time
    FAILING = "failing"  # it answers with errors
    GONE = "gone"  # it was killed and stays away


class Outcome(StrEnum):
    """What becomes of a turn."""

    ANSWERED = "answered"  # by the model
    CANNED = "canned"  # the agent's prepared answer
    REFUSED = "refused"  # UNAVAILABLE with RetryInfo, before anything was said


@dataclass(frozen=True, slots=True)
class Expected:
    """How a turn is: the levels it may have, what a notice of it says, and whether its memory lane is empty.

    With `maybe` a turn without a notice is right as well.
    """

    outcome: Outcome
    levels: tuple[int, ...] = (0,)
    sentence: str = ""
    no_memories: bool = False
    maybe: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One fault of one dependency, and the turn that is right then. The quick ones are run with every change."""

    dependency: str
    fault: Fault
    expected: Expected
    quick: bool = False

    @property
    def name(self) -> str:
        """`memory/paused`."""
        return f"{self.dependency}/{self.fault}"


WITHIN_SECONDS: Final = 5.0

_F, _O = Fault, Outcome
_UNTOUCHED: Final = Expected(_O.ANSWERED)
_REFUSED: Final = Expected(_O.REFUSED, ())
_NO_MEMORY: Final = Expected(_O.ANSWERED, (1,), "memory service does not answer", no_memories=True)
_NO_MEMORY_DATABASE: Final = Expected(_O.ANSWERED, (1,), "so nothing is recalled", no_memories=True)
_NO_INDEX: Final = Expected(_O.ANSWERED, (1,), "found by their words only")
_NEUTRAL: Final = Expected(_O.ANSWERED, (0,), "so the modulation is neutral")
_CONTROL: Final = Expected(_O.ANSWERED, (0,), "control service does not answer")
_CANNED: Final = Expected(_O.CANNED, (4,), "prepared answer")
_WAKE_UPS: Final = Expected(_O.ANSWERED, (0,), "Wake-ups do not arrive")
_EVENTS: Final = Expected(_O.ANSWERED, (0,), "Events are kept here")


def _slow(*levels: int, sentence: str = "") -> Expected:
    return Expected(_O.ANSWERED, levels, sentence, maybe=True)


CELLS: Final = (
    Cell("memory", _F.PAUSED, _NO_MEMORY, quick=True),
    Cell("memory", _F.SLOWED, _slow(0, 1)),
    Cell("memory", _F.FAILING, _NO_MEMORY),
    Cell("memory", _F.GONE, _NO_MEMORY),
    Cell("memory_index", _F.PAUSED, _NO_INDEX),
    Cell("memory_index", _F.SLOWED, _slow(0, 1)),
    Cell("memory_index", _F.FAILING, _NO_INDEX, quick=True),
    Cell("memory_database", _F.FAILING, _NO_MEMORY_DATABASE),
    Cell("cognitive", _F.PAUSED, _NEUTRAL),
    Cell("cognitive", _F.SLOWED, _slow(0)),
    Cell("cognitive", _F.FAILING, _NEUTRAL),
    Cell("cognitive", _F.GONE, _NEUTRAL, quick=True),
    Cell("cognitive_database", _F.FAILING, _NEUTRAL),
    Cell("control", _F.PAUSED, _CONTROL),
    Cell("control", _F.SLOWED, _slow(0)),
    Cell("control", _F.FAILING, _UNTOUCHED),
    Cell("control", _F.GONE, _CONTROL),
    Cell("governor", _F.PAUSED, _REFUSED),
    Cell("governor", _F.SLOWED, _slow(0)),
    Cell("governor", _F.FAILING, _REFUSED),
    Cell("governor", _F.GONE, _REFUSED),
    Cell("database", _F.PAUSED, _REFUSED),
    Cell("database", _F.SLOWED, _slow(0, 1)),
    Cell("database", _F.FAILING, _REFUSED),
    Cell("database", _F.GONE, _REFUSED),
    Cell("signals", _F.PAUSED, _WAKE_UPS),
    Cell("signals", _F.SLOWED, _slow(0)),
    Cell("signals", _F.FAILING, _WAKE_UPS),
    Cell("signals", _F.GONE, _WAKE_UPS),
    Cell("events", _F.PAUSED, _EVENTS),
    Cell("events", _F.SLOWED, _slow(0)),
    Cell("events", _F.GONE, _EVENTS),
    Cell("model", _F.SLOWED, _UNTOUCHED),
    Cell("model", _F.PAUSED, _CANNED),
    Cell("model", _F.FAILING, _CANNED),
    Cell("model", _F.GONE, _CANNED),
)
