"""Messages as trees: an order in which parents come first, and what is no tree."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.chat.domain.tree import first_fault, parents_first


def test_a_child_with_a_smaller_id_waits_for_its_parent() -> None:
    assert parents_first([("1", "3"), ("2", "1"), ("3", None), ("4", "3")]) == ["3", "1", "2", "4"]


def test_what_has_no_parent_here_is_a_root() -> None:
    assert parents_first([("2", "gone"), ("1", None)]) == ["2", "1"]


@given(st.integers(1, 60), st.randoms(use_true_random=False))
def test_every_message_comes_once_and_after_its_parent(count: int, chance: random.Random) -> None:
    pairs = [(n, chance.randrange(n) if n and chance.random() < 0.9 else None) for n in range(count)]
    chance.shuffle(pairs)
    ordered, parents = parents_first(pairs), dict(pairs)
    assert sorted(ordered) == list(range(count))
    for place, message in enumerate(ordered):
        assert parents[message] is None or parents[message] in ordered[:place]
    assert first_fault((f"{it}", "" if parents[it] is None else f"{parents[it]}") for it in ordered) is None


@pytest.mark.parametrize(
    ("pairs", "place"),
    [
        ([("", "")], 0),
        ([("a", ""), ("a", "")], 1),
        ([("a", "b"), ("b", "")], 0),
        ([("a", "a")], 0),
        ([("a", ""), ("b", "c")], 1),
    ],
)
def test_what_is_no_tree(pairs: list[tuple[str, str]], place: int) -> None:
    fault = first_fault(pairs)
    assert fault is not None
    assert fault[0] == place
