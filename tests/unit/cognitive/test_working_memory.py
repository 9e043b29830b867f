"""What a session has in mind: what is renewed, what goes, and what becomes a memory for good."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from servers.cognitive.domain.working_memory import (
    MOST_ITEMS,
    WorkingMemory,
    keep,
    key_of,
    meet,
    most_salient,
    novelty_of,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MEMORY = UUID(int=7)


def filled(saliences: list[float], every: timedelta = timedelta(0)) -> WorkingMemory:
    memory = WorkingMemory()
    for number, salience in enumerate(saliences):
        memory = meet(memory, f"text {number}", salience, NOW + number * every).memory
    return memory


def test_the_same_text_renews_its_item() -> None:
    first = meet(WorkingMemory(), "Book the  flight", 0.9, NOW)
    again = meet(first.memory, "book the flight", 0.3, NOW + timedelta(minutes=1))
    assert len(again.memory.items) == 1
    assert (again.item.salience, again.item.salient_count) == (0.3, 1)
    assert again.item.met_time == NOW + timedelta(minutes=1)


def test_the_least_salient_goes_when_there_is_no_room() -> None:
    memory = filled([0.5] * 20 + [0.1] + [0.5] * (MOST_ITEMS - 21))
    met = meet(memory, "one more", 0.2, NOW)
    assert met.evicted == (key_of("text 20"),)
    assert len(met.memory.items) == MOST_ITEMS


def test_what_was_met_long_ago_weighs_less() -> None:
    memory = filled([0.9])
    for number in range(1, MOST_ITEMS):
        memory = meet(memory, f"text {number}", 0.5, NOW + timedelta(hours=1)).memory
    met = meet(memory, "one more", 0.2, NOW + timedelta(hours=1))
    assert met.evicted == (key_of("text 0"),), "0.9 an hour ago is less than 0.5 now"


def test_the_text_that_is_met_now_stays() -> None:
    met = meet(filled([0.5] * MOST_ITEMS, every=timedelta(seconds=1)), "one more", 0.0, NOW + timedelta(hours=1))
    assert met.evicted == (key_of("text 0"),)
    assert met.memory.item(key_of("one more")) is not None


def test_a_text_is_promoted_the_second_time_it_is_salient_and_once() -> None:
    first = meet(WorkingMemory(), "the boiler leaks", 0.7, NOW)
    calm = meet(first.memory, "the boiler leaks", 0.69, NOW)
    second = meet(calm.memory, "the boiler leaks", 0.8, NOW)
    assert [first.promoted, calm.promoted, second.promoted] == [False, False, True]
    kept = keep(second.memory, second.item.key, MEMORY)
    third = meet(kept, "the boiler leaks", 0.9, NOW)
    assert (third.promoted, third.item.memory_id) == (False, MEMORY)


def test_what_could_not_be_kept_is_due_again() -> None:
    memory = WorkingMemory()
    for salience in (0.9, 0.9):
        memory = meet(memory, "the boiler leaks", salience, NOW).memory
    assert meet(memory, "the boiler leaks", 0.1, NOW).promoted


def test_novelty_is_what_the_nearest_text_leaves() -> None:
    assert novelty_of([]) == 1.0
    assert novelty_of([-0.4]) == 1.0
    assert novelty_of([0.2, 0.75]) == 0.25
    assert novelty_of([1.0000001]) == 0.0


def test_the_most_salient_comes_first() -> None:
    assert [item.text for item in most_salient(filled([0.2, 0.9, 0.5]))] == ["text 1", "text 2", "text 0"]
