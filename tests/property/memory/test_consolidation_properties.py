"""Whatever is proposed about whatever memories: nothing is lost, nobody's are mixed, no fact is believed too much."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from servers.memory.domain.consolidation import (
    EXTRACTIVE,
    PlannedFact,
    Proposal,
    coverage,
    fact_memory,
    planned,
)
from servers.memory.domain.grounding import said, ungrounded
from servers.memory.domain.memory import DEFAULT_TRUST, Memory, Source
from servers.memory.indexing.words import Words
from servers.memory.upkeep.clustering import extracted
from tests.unit.memory.given import memory

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = Words()
PIECES = (
    "Ada",
    "Bob",
    "tea",
    "green",
    "drinks",
    "bicycle",
    "not",
    "never",
    "red",
    "7",
    "300",
    "Lisbon",
    "every",
    "morning",
)
sayings = st.lists(st.sampled_from(PIECES), min_size=1, max_size=7).map(" ".join)


@st.composite
def remembered(draw: st.DrawFn) -> list[Memory]:
    return [
        replace(
            memory(
                draw(sayings), NOW - timedelta(days=draw(st.integers(0, 99))), draw(st.sampled_from(("ada", "bob")))
            ),
            trust=draw(st.floats(0, 1)),
            importance=draw(st.floats(0, 1)),
            source=draw(st.sampled_from(list(Source))),
        )
        for _ in range(draw(st.integers(0, 12)))
    ]


@st.composite
def proposed(draw: st.DrawFn) -> tuple[list[Memory], list[Proposal]]:
    memories = draw(remembered())
    known: list[UUID] = [it.memory_id for it in memories]
    ids = st.one_of(st.sampled_from(known), st.uuids()) if known else st.uuids()
    one = st.builds(Proposal, sayings, st.lists(ids, max_size=6).map(tuple))
    return memories, draw(st.lists(one, max_size=6))


@given(proposed())
def test_every_source_is_live_or_reachable_whatever_is_proposed(case: tuple[list[Memory], list[Proposal]]) -> None:
    memories, proposals = case
    sources = {it.memory_id: it for it in memories}
    facts = planned(proposals, sources)
    resting = [key for fact in facts for key in fact.rested_ids]
    assert len(resting) == len(set(resting))
    assert coverage(sources.keys(), facts) == 1.0
    for fact in facts:
        assert set(fact.rested_ids) <= set(fact.source_ids) <= sources.keys()
        assert len({sources[key].owner_sub for key in fact.source_ids}) == 1
        claim = said(fact.text)
        for key in fact.rested_ids:
            own = said(sources[key].text)
            assert own.numbers <= claim.numbers
            assert own.denies == claim.denies


@given(proposed(), st.sampled_from((EXTRACTIVE, "model:some")))
def test_a_fact_is_believed_no_more_than_any_of_its_sources(
    case: tuple[list[Memory], list[Proposal]], method: str
) -> None:
    memories, proposals = case
    sources = {it.memory_id: it for it in memories}
    for fact in planned(proposals, sources):
        made = fact_memory(fact, sources, uuid4(), NOW, method)
        of = [sources[key] for key in fact.source_ids]
        assert made.trust <= min(it.trust for it in of)
        assert made.importance == max(it.importance for it in of)
        assert DEFAULT_TRUST[made.source] <= min(DEFAULT_TRUST[it.source] for it in of)
        assert made.owner_sub == of[0].owner_sub
        assert made.valid_from == min(it.valid_from for it in of)


@given(remembered())
def test_what_is_extracted_says_only_what_was_said(memories: list[Memory]) -> None:
    terms = [WORDS.terms(it.text) for it in memories]
    proposals = extracted(memories, [np.zeros(256, np.float32)] * len(memories), terms)
    sources = {it.memory_id: it for it in memories}
    facts = planned(proposals, sources)
    assert len(facts) == len(proposals)
    for fact in facts:
        assert len(fact.rested_ids) >= 3
        assert ungrounded(fact.text, (sources[key].text for key in fact.source_ids)) is None


def test_a_source_that_rests_outside_its_facts_is_seen() -> None:
    one, other = uuid4(), uuid4()
    assert coverage((one, other), [PlannedFact("x", (one,), (one, other))]) == 0.5
    assert coverage((), []) == 1.0
