"""What becomes of memories when fewer facts take their place: which facts, which sources rest. Pure.

    a fact    is made of two sources or more, of one person's, and rests at least two of them
    rests     a source whose names, numbers and words stand in a fact that names it
    covered   a source that is live, or reachable from a fact; all are, or nothing happens

Never a source is what is pinned, hidden, has a key, is a fact by its form, expires or is out of recall.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final
from uuid import UUID

from servers.memory.domain.grounding import said, stands_for
from servers.memory.domain.memory import DEFAULT_TRUST, Kind, Memory, Source

LEAST_RESTED: Final = 2
MOST_TAGS: Final = 32
EXTRACTIVE: Final = "extractive"


class State(IntEnum):
    """How far a consolidation is; the numbers of `soma.memory.v1.ConsolidationState`."""

    RUNNING = 1
    COMMITTED = 2
    REFUSED = 3
    ROLLED_BACK = 4
    # a dry run; never stored
    PROPOSED = 5


@dataclass(frozen=True, slots=True)
class Proposal:
    """A fact that somebody proposes, and the sources it names."""

    text: str
    source_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class PlannedFact:
    """A fact to make, what it is made of, and which of these rest."""

    text: str
    source_ids: tuple[UUID, ...]
    rested_ids: tuple[UUID, ...]


def may_be_source(memory: Memory, now: datetime) -> bool:
    """Whether a consolidation may look at it."""
    bound = memory.pinned or memory.hidden_by or memory.coordinate or memory.predicate or memory.payload
    ends = memory.expire_time or memory.retire_time or memory.valid_to
    return memory.kind is Kind.EPISODIC and not bound and ends is None and memory.valid_from <= now


def planned(proposals: Iterable[Proposal], sources: Mapping[UUID, Memory]) -> tuple[PlannedFact, ...]:
    """The facts of these proposals that can be made; one of which a source is not there any more is not."""
    facts: list[PlannedFact] = []
    resting: set[UUID] = set()
    for proposal in proposals:
        ids = tuple(dict.fromkeys(proposal.source_ids))
        if any(key not in sources for key in ids) or len({sources[key].owner_sub for key in ids}) != 1:
            continue
        claim = said(proposal.text)
        rested = tuple(key for key in ids if key not in resting and stands_for(claim, said(sources[key].text)))
        if len(rested) >= LEAST_RESTED:
            facts.append(PlannedFact(proposal.text, ids, rested))
            resting.update(rested)
    return tuple(facts)


def coverage(looked_at: Collection[UUID], facts: Sequence[PlannedFact]) -> float:
    """The part of the sources that stays live or is reachable from a fact; 1 where there is none."""
    resting = {key for fact in facts for key in fact.rested_ids}
    reachable = {key for fact in facts for key in fact.source_ids}
    covered = sum(key not in resting or key in reachable for key in looked_at)
    return covered / len(looked_at) if looked_at else 1.0


def fact_memory(
    fact: PlannedFact, sources: Mapping[UUID, Memory], memory_id: UUID, now: datetime, method: str
) -> Memory:
    """The memory of a fact: believed no more than the least of its sources, mattering as the most of them.

    Where it comes from is where the first of them comes from; the others' origins are kept beside it.
    """
    made_of = [sources[key] for key in fact.source_ids]
    first = made_of[0]
    least = min((memory.source for memory in made_of), key=lambda it: (DEFAULT_TRUST[it], it))
    trust = min(memory.trust for memory in made_of)
    inferred = method != EXTRACTIVE
    return Memory(
        memory_id=memory_id,
        namespace=first.namespace,
        owner_sub=first.owner_sub,
        kind=Kind.SEMANTIC,
        text=fact.text,
        payload=None,
        subject=_common(memory.subject for memory in made_of),
        speaker=_common(memory.speaker for memory in made_of),
        source=Source.MODEL_INFERRED if inferred else least,
        source_id=first.source_id,
        conversation_id=first.conversation_id,
        trust=min(trust, DEFAULT_TRUST[Source.MODEL_INFERRED]) if inferred else trust,
        importance=max(memory.importance for memory in made_of),
        tags=tuple(dict.fromkeys(tag for memory in made_of for tag in memory.tags))[:MOST_TAGS],
        token_count=0,
        learn_time=now,
        valid_from=min(memory.valid_from for memory in made_of),
        turn_id=first.turn_id,
        derived_from=fact.source_ids,
    )


def _common(values: Iterable[str]) -> str:
    """What all have, or nothing."""
    different = set(values)
    return different.pop() if len(different) == 1 else ""
