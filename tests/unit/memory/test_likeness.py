"""When two memories say the same, and which of many wait for one another."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from servers.memory.domain.likeness import rounds, text_key
from servers.memory.domain.memory import Memory
from tests.unit.memory.given import memory

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def said(text: str, **fields: Any) -> Memory:
    return replace(memory(text, NOW), **fields)


def apart(memories: Sequence[Memory]) -> list[list[int]]:
    return rounds([(each, text_key(each)) for each in memories])


def test_the_same_text_is_the_same_whatever_its_spaces_and_capitals_are() -> None:
    assert text_key(said("Ada lives in Porto.")) == text_key(said("  ada LIVES in\nPorto. "))
    assert text_key(said("Ada lives in Porto.")) != text_key(said("Ada lives in Braga."))
    assert len(text_key(said("Ada"))) == 32


def test_under_a_key_or_as_a_fact_the_same_text_is_something_else() -> None:
    plain = said("Ada lives in Porto.")
    different = [
        plain,
        replace(plain, coordinate="home"),
        replace(plain, coordinate="work"),
        replace(plain, predicate="lives in", object="Porto"),
        replace(plain, predicate="lives in", object="Braga"),
        replace(plain, predicate="home"),
    ]
    assert len({text_key(each) for each in different}) == len(different)
    # An object without a predicate is no fact.
    assert text_key(replace(plain, object="Porto")) == text_key(plain)
    assert text_key(replace(plain, predicate="in", object=" PORTO ")) == text_key(
        replace(plain, predicate="in", object="porto")
    )


def test_memories_wait_for_those_before_them_that_share_text_key_or_fact() -> None:
    given_memories = [
        said("one"),
        said("two", coordinate="k"),
        said("ONE"),
        said("three", coordinate="k"),
        said("four", predicate="p", subject="s"),
        said("five", predicate="p", subject="s", coordinate="k"),
        said("one", namespace="user:bob"),
        said("one", subject="bob"),
        said("six", predicate="p", subject="t"),
    ]
    assert apart(given_memories) == [[0, 1, 4, 6, 7, 8], [2, 3], [5]]
    assert apart([]) == []


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(("", "k", "l")), st.sampled_from(("", "p"))), max_size=25
    )
)
def test_no_round_has_two_that_share_and_each_comes_once_in_order(drafts: list[tuple[str, str, str]]) -> None:
    memories = [said(text, coordinate=key, predicate=predicate) for text, key, predicate in drafts]
    found = apart(memories)
    assert sorted(place for each in found for place in each) == list(range(len(memories)))
    for each in found:
        assert each == sorted(each)
        shared = [memories[place] for place in each]
        assert len({text_key(it) for it in shared}) == len(shared)
        for name in ("coordinate", "predicate"):
            named = [value for it in shared if (value := getattr(it, name))]
            assert len(set(named)) == len(named)
    at = {place: number for number, each in enumerate(found) for place in each}
    for place, one in enumerate(memories):
        before = [at[other] for other in range(place) if _share(one, memories[other])]
        assert at[place] > max(before, default=-1)


def _share(one: Memory, other: Memory) -> bool:
    same_key = one.coordinate != "" and one.coordinate == other.coordinate
    return text_key(one) == text_key(other) or same_key or (one.predicate != "" and one.predicate == other.predicate)
