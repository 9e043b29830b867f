"""Random lives of agents: whatever happens in whatever order, every value stays in its range, and the log tells it all.

`SOMA_TEST_STATES=1000000 .venv/bin/pytest tests/property/cognitive/test_random_lives.py` does a million operations.
"""

from datetime import timedelta
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from bench.cognition.lives import Life, in_bounds, out_of_range
from servers.cognitive.domain.effects import Bases, knobs_of
from servers.cognitive.domain.modulation import asleep
from servers.cognitive.domain.sleeping import SleepState
from servers.cognitive.domain.state import replay
from soma_common.testing.sizes import size

OPERATIONS: Final = size("SOMA_TEST_STATES", 20_000)
OF_A_LIFE: Final = 500


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
