"""The view: a shelf answers the same however it came about, masks are predicates, and a search is the slow one."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servers.memory.domain.memory import Kind, Memory, RecallFilter, Retired, Source
from servers.memory.domain.ranking import Weights
from servers.memory.domain.standing import in_recall
from servers.memory.view.entry import Entry, pair_hash
from servers.memory.view.fusion import LEAST_MATCH
from servers.memory.view.lexical import K1, B
from servers.memory.view.mask import fitting, standing
from servers.memory.view.neighbours import WINDOW
from servers.memory.view.search import look, search
from servers.memory.view.shelf import Shelf
from tests.unit.memory.view.shelved import CONVERSATION, EVERYTHING, NOW, asked, entry, shelf_of, vector

WORDS = ("sea", "hill", "bread", "rain")
MOMENTS = st.sampled_from([NOW + timedelta(days=days) for days in (-3, -2, -1, 0, 1)])
PAST = st.sampled_from([NOW + timedelta(days=days) for days in (-3, -2, -1, 0)])
SAID = st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    return entry(
        draw(st.integers(1, 12)),
        draw(SAID),
        vector=vector(draw(st.integers(1, 5))) if draw(st.booleans()) else None,
        conversation_id=draw(st.sampled_from((None, CONVERSATION))),
        position=draw(st.integers(0, 5)),
        session_time=draw(st.sampled_from((None, NOW))),
        hidden=draw(st.sampled_from((False, False, True))),
        retire_time=draw(st.sampled_from((None, None, NOW))),
    )


STEPS = st.lists(st.tuples(st.lists(entries(), max_size=4), st.lists(st.integers(1, 12), max_size=2)), max_size=8)


@settings(max_examples=50)
@given(STEPS, SAID)
def test_a_shelf_answers_the_same_however_it_came_about(
    steps: Sequence[tuple[Sequence[Entry], Sequence[int]]], said: str
) -> None:
    grown, kept = Shelf(), dict[UUID, Entry]()
    for fresh, gone in steps:
        removed = [UUID(int=number) for number in gone]
        grown.apply(fresh, removed)
        for memory_id in removed:
            kept.pop(memory_id, None)
        kept.update({each.memory_id: each for each in fresh})
    built = shelf_of(*kept.values())
    assert len(grown) == len(built) == len(kept)
    query = asked(said, vector=vector(1) / np.linalg.norm(vector(1)))
    answers = [look([shelf], query, EVERYTHING, NOW).ranking(Weights()).hits for shelf in (grown, built)]
    scores = [{hit.memory_id: hit.score for hit in hits} for hits in answers]
    assert scores[0] == pytest.approx(scores[1], abs=2e-5)
    assert all(0.0 <= score <= 1.0 for score in scores[0].values())


def test_rows_of_the_dead_go_when_they_are_many_and_nothing_else_changes() -> None:
    shelf = Shelf()
    for turn in range(12):
        shelf.apply(
            [
                entry(number, f"sea hill {turn}", conversation_id=CONVERSATION, position=number, tags=("x",))
                for number in range(1, 101)
            ]
        )
    assert len(shelf) == 100
    assert len(shelf.ids) < 600
    fresh = shelf_of(
        *(
            entry(number, "sea hill 11", conversation_id=CONVERSATION, position=number, tags=("x",))
            for number in range(1, 101)
        )
    )
    wanted = replace(EVERYTHING, tags=("x",))
    one, other = (search([each], asked("sea 11"), wanted, Weights(), (), NOW) for each in (shelf, fresh))
    assert [hit.memory_id for hit in one.hits] == [hit.memory_id for hit in other.hits]
    assert len(one.hits) == 100


@st.composite
def memories(draw: st.DrawFn, number: int = 1) -> Memory:
    retired = draw(st.sampled_from((None, *Retired)))
    return Memory(
        memory_id=UUID(int=number),
        namespace="user:ada",
        owner_sub="ada",
        kind=draw(st.sampled_from(Kind)),
        text="x",
        payload=None,
        subject=draw(st.sampled_from(("", "ada", "bob"))),
        speaker="",
        source=Source.USER_SAID,
        source_id="",
        conversation_id=draw(st.sampled_from((None, CONVERSATION, UUID(int=78)))),
        trust=draw(st.sampled_from((0.3, 0.7, 0.9))),
        importance=draw(st.sampled_from((0.1, 0.7, 0.8))),
        tags=tuple(draw(st.sets(st.sampled_from(("a", "b", "c"))))),
        token_count=1,
        learn_time=draw(PAST),
        valid_from=draw(MOMENTS),
        valid_to=draw(st.none() | MOMENTS),
        expire_time=draw(st.none() | MOMENTS),
        retire_time=draw(PAST) if retired else None,
        retire_reason=retired,
        hidden_by=draw(st.integers(0, 1)),
    )


FILTERS = st.builds(
    RecallFilter,
    namespaces=st.just(("user:ada",)),
    kinds=st.lists(st.sampled_from(Kind), max_size=2, unique=True).map(tuple),
    tags=st.sets(st.sampled_from(("a", "b")), max_size=2).map(tuple),
    conversation_id=st.sampled_from((None, CONVERSATION)),
    min_importance=st.sampled_from((0.0, 0.7)),
    subject=st.sampled_from(("", "ada")),
    min_trust=st.sampled_from((0.0, 0.7)),
    valid_after=st.none() | MOMENTS,
    valid_before=st.none() | MOMENTS,
    metadata=st.sampled_from(((), (("city", "Rome"),), (("city", "Rome"), ("nights", 3)))),
    as_of_valid=st.none() | MOMENTS,
    as_of_learn=st.none() | PAST,
)


@settings(max_examples=60)
@given(st.lists(st.tuples(memories(), st.booleans(), st.booleans()), min_size=1, max_size=6), FILTERS)
def test_the_masks_are_the_predicates(drawn: list[tuple[Memory, bool, bool]], wanted: RecallFilter) -> None:
    given_memories = [replace(each[0], memory_id=UUID(int=number + 1)) for number, each in enumerate(drawn)]
    payloads: list[dict[str, Any]] = [
        {"city": "Rome" if rome else "Oslo"} | ({"nights": 3.0} if three else {}) for _, rome, three in drawn
    ]
    shelf = shelf_of(*map(_entry_of, given_memories, payloads))
    fit = fitting(shelf, wanted)
    stand = standing(shelf, wanted, NOW)
    for row, (memory, payload) in enumerate(zip(given_memories, payloads, strict=True)):
        assert fit is None or fit[row] == _fits(memory, payload, wanted)
        assert fit is not None or _fits(memory, payload, wanted)
        if wanted.as_of_valid is None and memory.valid_from > NOW:
            assert not stand[row]
        else:
            guesses = Kind.HYPOTHESIS in wanted.kinds
            assert stand[row] == in_recall(memory, NOW, wanted.as_of_valid, wanted.as_of_learn, guesses=guesses)


def _entry_of(memory: Memory, payload: dict[str, Any]) -> Entry:
    return Entry(
        **{
            name: getattr(memory, name)
            for name in "memory_id kind learn_time valid_from valid_to importance trust tags subject conversation_id"
            " retire_time expire_time".split()
        },
        terms=np.zeros(0, dtype=np.int64),
        frequencies=np.zeros(0, dtype=np.uint16),
        hidden=memory.hidden_by > 0,
        replaced=memory.retire_reason in (Retired.SUPERSEDED, Retired.CORRECTED),
        metadata=tuple(pair_hash(name, value) for name, value in payload.items()),
    )


def _fits(memory: Memory, payload: dict[str, Any], wanted: RecallFilter) -> bool:
    return (
        (not wanted.kinds or memory.kind in wanted.kinds)
        and set(wanted.tags) <= set(memory.tags)
        and wanted.conversation_id in (None, memory.conversation_id)
        and memory.importance >= wanted.min_importance
        and memory.trust >= wanted.min_trust
        and wanted.subject in ("", memory.subject)
        and (wanted.valid_after is None or memory.valid_to is None or memory.valid_to > wanted.valid_after)
        and (wanted.valid_before is None or memory.valid_from < wanted.valid_before)
        and all(payload.get(name) == value for name, value in wanted.metadata)
    )


@settings(max_examples=60)
@given(st.lists(SAID, min_size=1, max_size=8), st.lists(st.sampled_from(WORDS), min_size=1, max_size=3, unique=True))
def test_words_and_windows_are_those_of_a_slow_search(texts: list[str], words: list[str]) -> None:
    shelf = shelf_of(
        *(entry(place, text, conversation_id=CONVERSATION, position=place) for place, text in enumerate(texts, 1))
    )
    found = look([shelf], asked(" ".join(words)), EVERYTHING, NOW)
    split = [text.split() for text in texts]
    own = [_bm25(text, split, words) for text in split]
    least = LEAST_MATCH * sum(_rare(word, split) for word in words)
    window = [
        sum(
            weight * own[there]
            for weight, there in zip(WINDOW, (place, place - 1, place - 2, place + 1), strict=True)
            if 0 <= there < len(own)
        )
        for place in range(len(own))
    ]
    hits = {hit.memory_id.int - 1: hit.parts for hit in found.ranking(Weights()).hits}
    assert set(hits) == {place for place, value in enumerate(window) if value > 0}
    for place, parts in hits.items():
        assert (parts.lexical or 0.0) == pytest.approx(own[place] / max(*own, least), abs=1e-5)
        # Who stands beside nothing that fits owes nothing to it.
        beside = any(own[there] > 0 for there in (place - 1, place - 2, place + 1) if 0 <= there < len(own))
        assert (parts.context or 0.0) == pytest.approx(beside * window[place] / max(*window, least), abs=1e-5)


def _bm25(text: list[str], texts: list[list[str]], words: list[str]) -> float:
    average = max(1.0, sum(map(len, texts)) / len(texts))
    total = 0.0
    for word in words:
        times = text.count(word)
        total += _rare(word, texts) * times * (K1 + 1) / (times + K1 * (1 - B + B * len(text) / average))
    return total


def _rare(word: str, texts: list[list[str]]) -> float:
    holding = sum(word in each for each in texts)
    return math.log(1 + (len(texts) - holding + 0.5) / (holding + 0.5))
