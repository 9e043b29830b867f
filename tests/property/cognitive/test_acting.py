"""Saliences are in range, gates do not flap, what is in mind never overflows, a text is promoted once."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from servers.cognitive.domain.neuromodulators import BOUNDS, Values
from servers.cognitive.domain.planning import MOST_STEPS, Link, plan
from servers.cognitive.domain.salience import CLOSED, HYSTERESIS, act_threshold, judge, salience_of
from servers.cognitive.domain.tasks import steps_of
from servers.cognitive.domain.working_memory import MOST_ITEMS, WorkingMemory, keep, meet, novelty_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)
UNIT = st.floats(0.0, 1.0)
VALUES = st.builds(Values, *(st.floats(bounds.minimum, bounds.maximum) for bounds in BOUNDS.values()))
LINKS = st.lists(
    st.builds(
        Link,
        st.integers(0, 9).map(lambda number: UUID(int=number)),
        st.integers(0, 9).map(lambda number: UUID(int=number)),
        st.floats(0.01, 1.0),
    ),
    max_size=40,
)


@given(novelty=st.floats(), error=st.floats(), values=VALUES)
def test_salience_is_in_range_and_grows_with_both(novelty: float, error: float, values: Values) -> None:
    salience = salience_of(novelty, error, values)
    assert 0.0 <= salience <= 1.0
    assert salience_of(1.0, error, values) >= salience
    assert salience_of(novelty, 1.0, values) >= salience


@given(likenesses=st.lists(st.floats(-1.1, 1.1)))
def test_novelty_is_in_range(likenesses: list[float]) -> None:
    assert 0.0 <= novelty_of(likenesses) <= 1.0


@given(values=VALUES, noise=st.lists(st.floats(0.001, HYSTERESIS - 0.001), min_size=2))
def test_gates_do_not_flap_within_the_hysteresis(values: Values, noise: list[float]) -> None:
    store_at, act_at = 0.5 + values.noradrenaline, act_threshold(values)
    gates = judge(CLOSED, act_at, store_at, act_at).gates
    assert gates.store
    assert gates.act
    for below in noise:
        gates = judge(gates, act_at - below, store_at, act_at).gates
        assert gates.act, "it stays open until a whole step below"
    gates = judge(gates, store_at - HYSTERESIS - 0.001, store_at, act_at).gates
    assert gates == CLOSED
    for below in noise:
        gates = judge(gates, store_at - below, store_at, act_at).gates
        assert gates == CLOSED, "it stays closed until the threshold"


@given(meetings=st.lists(st.tuples(st.integers(0, 90), UNIT, st.integers(-5, 60)), max_size=200))
def test_a_working_memory_never_overflows_and_forgets_only_what_it_must(
    meetings: list[tuple[int, float, int]],
) -> None:
    memory, now = WorkingMemory(), NOW
    for number, salience, minutes in meetings:
        now += timedelta(minutes=minutes)
        before = {item.key for item in memory.items}
        met = meet(memory, f"text {number}", salience, now)
        after = {item.key for item in met.memory.items}
        assert len(after) == len(met.memory.items) <= MOST_ITEMS
        assert after | set(met.evicted) == before | {met.item.key}
        assert met.item.key in after
        assert not after & set(met.evicted)
        memory = met.memory


@given(meetings=st.lists(st.tuples(st.integers(0, 5), UNIT, st.booleans()), max_size=60))
def test_a_text_is_promoted_exactly_once(meetings: list[tuple[int, float, bool]]) -> None:
    memory, kept, salient = WorkingMemory(), list[int](), dict[int, int]()
    for number, salience, memory_answers in meetings:
        met = meet(memory, str(number), salience, NOW)
        salient[number] = salient.get(number, 0) + (salience >= 0.7)
        assert met.promoted == (salient[number] >= 2 and number not in kept)
        memory = met.memory
        if met.promoted and memory_answers:
            memory = keep(memory, met.item.key, UUID(int=number))
            kept.append(number)
    assert len(kept) == len(set(kept))


@given(starts=st.lists(st.integers(0, 9).map(lambda number: UUID(int=number)), max_size=3), links=LINKS)
def test_a_plan_is_short_and_does_not_depend_on_the_order_of_links(starts: list[UUID], links: list[Link]) -> None:
    steps = plan(starts, links)
    assert len(steps) == len(set(steps)) <= MOST_STEPS
    assert not set(steps) & set(starts)
    assert steps == plan(starts, links[::-1])


@given(task=st.text(min_size=1, max_size=300))
def test_every_task_has_steps_and_none_is_empty(task: str) -> None:
    steps = steps_of(task)
    assert steps
    assert all(steps)
