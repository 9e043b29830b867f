"""Which replayed memories are recombined, and what is guessed of them. Pure, and the same for the same cycle.

    how many     one pair for five memories
    who          two of one namespace and one person that have something in common and do not say nearly the same
    in common    a subject, a coordinate, or a word that not many of the others have
    which        by chance, but by that of the cycle's id: another cycle pairs others

A guess says by what two memories may belong together, and how each begins. What has nothing in common with another is
left out.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from servers.cognitive.domain.grouping import Replayed, Words

RATE: Final = 0.2
MOST_TRUST: Final = 0.2
IMPORTANCE: Final = 0.2
# Of the weight of the words of two; more is the same thing said twice.
NEARLY_THE_SAME: Final = 0.5
# A word that more of the memories have than this part tells nothing.
COMMON_PART: Final = 0.25
_MOST_WORDS: Final = 3
_MOST_CHARACTERS: Final = 160


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What may follow from two memories."""

    text: str
    namespace: str
    trust: float
    derived_from: tuple[UUID, UUID]


def hypotheses_of(memories: Sequence[Replayed], cycle_id: UUID) -> tuple[Hypothesis, ...]:
    """The guesses of a cycle that replayed these memories."""
    most = int(len(memories) * RATE)
    told = Words(memories)
    telling = _telling(memories, told)
    left = sorted(memories, key=lambda it: uuid5(cycle_id, str(it.memory_id)))
    found: list[Hypothesis] = []
    while left and len(found) < most:
        one = left.pop(0)
        links = ((other, _in_common(one, other, told, telling)) for other in left)
        partners = [(other, link) for other, link in links if link]
        if not partners:
            continue
        other, link = min(partners, key=lambda it: uuid5(cycle_id, f"{one.memory_id}/{it[0].memory_id}"))
        left.remove(other)
        found.append(_hypothesis(one, other, link))
    return tuple(found)


def _telling(memories: Sequence[Replayed], told: Words) -> frozenset[str]:
    """The words that not many of them have."""
    counts = Counter(word for memory in memories for word in told.of(memory))
    most = max(2, int(len(memories) * COMMON_PART))
    return frozenset(word for word, count in counts.items() if 2 <= count <= most)


def _in_common(one: Replayed, other: Replayed, told: Words, telling: frozenset[str]) -> str:
    """What two may belong together by; empty where nothing is, or where they say nearly the same."""
    if (one.namespace, one.owner_sub) != (other.namespace, other.owner_sub):
        return ""
    shared = told.of(one) & told.of(other) & telling
    named = next(
        (name for name in (one.subject, one.coordinate) if name and name in (other.subject, other.coordinate)), ""
    )
    if not (shared or named) or told.shared(one, other) >= NEARLY_THE_SAME:
        return ""
    words = sorted(shared, key=lambda word: (-told.weights[word], word))[:_MOST_WORDS]
    return ", ".join((*((named,) if named else ()), *words))


def _hypothesis(one: Replayed, other: Replayed, link: str) -> Hypothesis:
    first, second = sorted((one, other), key=lambda it: it.memory_id)
    texts = f"“{_beginning(first.text)}” and “{_beginning(second.text)}”"
    return Hypothesis(
        text=f"These two may belong together through {link}: {texts}",
        namespace=one.namespace,
        trust=min(MOST_TRUST, one.trust, other.trust),
        derived_from=(first.memory_id, second.memory_id),
    )


def _beginning(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _MOST_CHARACTERS else f"{flat[: _MOST_CHARACTERS - 1]}…"
