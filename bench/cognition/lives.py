"""Random lives of agents: turns, feedback and changes by hand in any order, with the oddest numbers there are. Pure."""

import math
import random
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from servers.cognitive.domain.effects import Knobs
from servers.cognitive.domain.neuromodulators import BOUNDS, NAMES, Values, clamp
from servers.cognitive.domain.signals import Facts, signals_of
from servers.cognitive.domain.state import LogLine, State, apply, feel, first_state, observe, set_values

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
_ODD: Final = (0.0, -0.0, 1.0, -1.0, 1e308, -1e308, 5e-324, math.inf, -math.inf, math.nan)
_WORDS: Final = ("stop", "error", "length", "cancelled")


class Life:
    """An agent to which anything happens, each time something else."""

    def __init__(self, number: int) -> None:
        """The life of this number is the same every time."""
        self.chance = random.Random(number)
        self.now = START
        self.first = first_state(self.values() if self.chance.random() < 0.5 else None, START)
        self.state: State = self.first
        self.lines: list[LogLine] = []

    def number(self) -> float:
        """Mostly one that a request may bring, else an odd one."""
        return self.chance.choice(_ODD) if self.chance.random() < 0.2 else self.chance.uniform(-0.2, 1.2)

    def values(self) -> Values:
        """Any values."""
        return Values(*(self.number() for _ in NAMES))

    def facts(self) -> Facts:
        """Any turn."""
        chance = self.chance
        return Facts(
            finish_reason=chance.choice(_WORDS),
            error_reason=chance.choice(("", "MODEL_TIMEOUT")),
            interrupted=chance.random() < 0.1,
            tool_attempts=chance.choice((0, 1, 3, 2**32 - 1)),
            tool_successes=chance.choice((0, 1, 3, 2**32 - 1)),
            memories_used=chance.choice((0, 4, 2**32 - 1)),
            novelty=self.number(),
            urgency=self.number(),
            correction=chance.random() < 0.1,
            failed_dependencies=("memory",) * chance.randrange(4),
            aiq_observed=100.0 * self.number(),
            aiq_predicted=100.0 * self.number(),
        )

    def goes_on(self) -> None:
        """One operation; the clock may stand still, leap, or be set back."""
        self.now += timedelta(seconds=self.chance.choice((0.0, 0.001, 30.0, 7200.0, -60.0)))
        self.lines.append(line := self.operation())
        self.state = apply(self.state, line)

    def operation(self) -> LogLine:
        """A turn, feedback or a change by hand."""
        state, how = self.state, self.chance.random()
        if how < 0.7:
            facts = self.facts()
            baseline = clamp(self.values()) if how < 0.1 else state.baseline
            signals = signals_of(facts, state.recent_failures)
            return observe(state, UUID(int=len(self.lines)), self.now, baseline, signals, facts.failed)
        if how < 0.85:
            return feel(state, None, self.now, self.number())
        return set_values(state, self.now, self.values(), "ada", self.chance.choice(("set", "reset")))


def out_of_range(values: Values) -> list[str]:
    """Names of the values that left their ranges."""
    return [name for name in NAMES if not BOUNDS[name].minimum <= values.get(name) <= BOUNDS[name].maximum]


def in_bounds(knobs: Knobs) -> bool:
    """Whether each knob is what the contract says."""
    return (
        0.0 <= knobs.temperature <= 1.5
        and 0.0 <= knobs.top_p <= 1.0
        and -1 <= knobs.tool_k_delta <= 1
        and 0 <= knobs.max_tool_rounds <= 12
        and 1 <= knobs.recall_limit <= 200
        and 0.1 <= knobs.recall_time_factor <= 1.0
        and 0.0 <= knobs.learning_rate_factor <= 1.2
        and 0.5 <= knobs.store_threshold <= 5.6
    )
