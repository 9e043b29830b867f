"""Random lives of agents: whatever happens in whatever order, every value stays in its range, and the log tells it all.

`SOMA_TEST_STATES=1000000 .venv/bin/pytest tests/property/cognitive/test_random_lives.py` does a million operations.
"""

import math
import random
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from servers.cognitive.domain.effects import Bases, Knobs, knobs_of
from servers.cognitive.domain.modulation import asleep
from servers.cognitive.domain.neuromodulators import BOUNDS, NAMES, Values, clamp
from servers.cognitive.domain.signals import Facts, signals_of
from servers.cognitive.domain.sleeping import SleepState
from servers.cognitive.domain.state import LogLine, State, apply, feel, first_state, observe, replay, set_values
from soma_common.testing.sizes import size

OPERATIONS: Final = size("SOMA_TEST_STATES", 20_000)
OF_A_LIFE: Final = 500
START: Final = datetime(2026, 1, 1, tzinfo=UTC)
ODD: Final = (0.0, -0.0, 1.0, -1.0, 1e308, -1e308, 5e-324, math.inf, -math.inf, math.nan)
WORDS: Final = ("stop", "error", "length", "cancelled")


class Life:
    """An agent to which anything happens, each time something else."""

    def __init__(self, number: int) -> None:
        self.chance = random.Random(number)
        self.now = START
        self.first = first_state(self.values() if self.chance.random() < 0.5 else None, START)
        self.state: State = self.first
        self.lines: list[LogLine] = []

    def number(self) -> float:
        return self.chance.choice(ODD) if self.chance.random() < 0.2 else self.chance.uniform(-0.2, 1.2)

    def values(self) -> Values:
        return Values(*(self.number() for _ in NAMES))

    def facts(self) -> Facts:
        chance = self.chance
        return Facts(
            finish_reason=chance.choice(WORDS),
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
    return [name for name in NAMES if not BOUNDS[name].minimum <= values.get(name) <= BOUNDS[name].maximum]


def in_bounds(knobs: Knobs) -> bool:
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


@settings(max_examples=max(1, OPERATIONS // OF_A_LIFE), deadline=None)
@given(st.integers(0, 2**64))
def test_no_life_leaves_the_ranges_and_its_log_leads_to_it_bit_by_bit(number: int) -> None:
    life = Life(number)
    for _ in range(OF_A_LIFE):
        life.goes_on()
        assert out_of_range(life.state.values) == []
        assert out_of_range(life.state.at(life.now + timedelta(minutes=20))) == []
    for sleep in SleepState:
        assert in_bounds(asleep(knobs_of(life.state.values, Bases()), sleep))
    assert replay(life.first, life.lines) == life.state
    middle = replay(life.first, life.lines[: OF_A_LIFE // 2])
    assert replay(middle, life.lines[OF_A_LIFE // 2 :]) == life.state, "a snapshot is as good as the beginning"
