"""When the turns of an open loop begin, and what is asked."""

from itertools import islice, pairwise

import pytest

from bench.load.schedule import arrivals, history, memories, questions


def test_turns_arrive_at_the_rate_that_was_asked_for_in_order() -> None:
    times = arrivals(rate=50, seconds=100, seed=1)
    assert len(times) == pytest.approx(5000, rel=0.05)
    assert times == sorted(times)
    assert times[0] > 0
    assert times[-1] < 100


def test_the_gaps_are_those_of_people_who_do_not_know_of_one_another() -> None:
    times = arrivals(rate=50, seconds=100, seed=2)
    gaps = [after - before for before, after in pairwise(times)]
    mean = sum(gaps) / len(gaps)
    deviation = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert deviation == pytest.approx(mean, rel=0.1)


def test_the_same_seed_gives_the_same_schedule_and_another_one_another() -> None:
    assert arrivals(10, 10, seed=1) == arrivals(10, 10, seed=1) != arrivals(10, 10, seed=2)


def test_no_two_questions_and_no_two_memories_are_alike() -> None:
    assert len(set(islice(questions(8, seed=1), 1000))) == 1000
    assert len(set(memories(1000, seed=1))) == 1000


def test_a_history_is_as_long_as_wished_and_the_roles_alternate() -> None:
    told = history(10_000, seed=1)
    assert sum(len(message["content"].split()) for message in told) == 10_000
    assert [message["role"] for message in told] == ["user", "assistant"] * 10
    assert history(0, seed=1) == []
