"""Laws of a thread that hold for every order of taking, choosing, rewinding and clearing."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.cognitive.domain.options import given as drafts_given
from servers.cognitive.domain.stepping import by_rules
from servers.cognitive.domain.threads import Heading, Option, Thread, choose, clear, rewind, take
from soma_common.kernel.errors import SomaError

START = datetime(2026, 1, 1, tzinfo=UTC)
HEADING = Heading(UUID(int=1), UUID(int=2), "ada", "a goal", "given", START)
SCORES = st.lists(st.none() | st.floats(0, 1), max_size=12)
PARTS = ("a", "b", ".", ",", ";", "then", "or", "and", "\n", "-", "1.", "whether", "between", ":", "?")
GOALS = st.text(max_size=200) | st.lists(st.sampled_from(PARTS), max_size=60).map(" ".join)
MOVES = st.lists(st.sampled_from(["take", "rewind", "clear"]) | st.integers(0, 11), max_size=40)


def thread_of(count: int) -> Thread:
    return Thread(HEADING, tuple(Option(UUID(int=number), f"way {number}", 1.0) for number in range(count)), 1, START)


def moved(thread: Thread, move: str | int, now: datetime) -> Thread:
    if isinstance(move, int):
        try:
            return choose(thread, UUID(int=move), now)
        except SomaError:
            return thread
    return {"take": take, "rewind": rewind, "clear": clear}[move](thread, now)


@given(st.integers(0, 12), MOVES)
def test_the_cursor_stands_before_the_first_that_is_left_and_never_beyond_the_end(
    count: int, moves: list[str | int]
) -> None:
    thread = thread_of(count)
    for number, move in enumerate(moves):
        before, thread = thread, moved(thread, move, START + timedelta(seconds=number))
        assert 0 <= thread.cursor <= len(thread.options)
        assert all(option.taken_time is not None for option in thread.options[: thread.cursor])
        assert thread.exhausted == all(option.taken_time is not None for option in thread.options)
        assert (thread.next_option is None) == thread.exhausted
        assert thread.next_option is None or thread.next_option.taken_time is None
        # A change is one version more, and what changes nothing is no change.
        assert thread is before or thread.version == before.version + 1
        assert thread is before or thread.options != before.options


@given(st.integers(0, 12), MOVES)
def test_a_thread_that_is_rewound_is_as_it_was_made(count: int, moves: list[str | int]) -> None:
    first = thread = thread_of(count)
    for move in moves:
        if move != "clear":
            thread = moved(thread, move, START)
    again = rewind(thread, START)
    assert again.options == first.options
    assert again.cursor == 0
    assert rewind(again, START) is again


@given(st.integers(0, 12), st.lists(st.integers(0, 11), max_size=12))
def test_whatever_was_chosen_before_each_option_is_taken_once(count: int, chosen: list[int]) -> None:
    thread, taken = thread_of(count), list[UUID]()
    for number in chosen:
        before, thread = thread, moved(thread, number, START)
        taken += [UUID(int=number)] if thread is not before else []
    while (option := thread.next_option) is not None:
        taken.append(option.option_id)
        thread = take(thread, START)
    assert sorted(taken) == [UUID(int=number) for number in range(count)]
    assert take(thread, START) is thread


@given(st.integers(0, 12))
def test_a_thread_that_is_cleared_is_exhausted_and_stays_so(count: int) -> None:
    empty = clear(thread_of(count), START)
    assert empty.exhausted
    assert empty.options == ()
    assert all(move(empty, START) is empty for move in (take, rewind, clear))
    with pytest.raises(SomaError):
        choose(empty, UUID(int=0), START)


@given(SCORES)
def test_options_come_best_first_and_those_in_words_alone_in_their_order(scores: list[float | None]) -> None:
    ordered = drafts_given([(str(number), score, "") for number, score in enumerate(scores)])
    assert sorted(int(draft.text) for draft in ordered) == list(range(len(scores)))
    assert all(one.score >= other.score for one, other in pairwise(ordered))
    same = [(one, other) for one, other in pairwise(ordered) if one.score == other.score]
    assert all(int(one.text) < int(other.text) for one, other in same)
    for draft in ordered:
        score = scores[int(draft.text)]
        assert score is None or draft.score == score


@given(GOALS, st.integers(1, 16))
def test_rules_find_options_for_any_goal_the_same_each_time(goal: str, most: int) -> None:
    drafts = by_rules(goal, most)
    assert drafts == by_rules(goal, most)
    assert 1 <= len(drafts) <= most
    assert all(draft.text and 0 <= draft.score <= 1 and len(draft.text) <= 2000 for draft in drafts)
    assert len({draft.text for draft in drafts}) == len(drafts)
    assert [draft.score for draft in drafts] == sorted((draft.score for draft in drafts), reverse=True)
