"""Which memories are consolidated together: groups of 16 of one namespace and one person, near each other. Pure.

    seed     the most important memory that is in no group yet
    near     same conversation counts as half of all words shared, and shared words by how rare they are
    filled   with the nearest until a group is full, so that each memory is in one group and few groups are small

A memory that would be alone is in none: of one memory nothing becomes.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import log1p
from typing import Final
from uuid import UUID

GROUP: Final = 16
LEAST_GROUP: Final = 2
SAME_CONVERSATION: Final = 0.5
# Shorter words are mostly those that hold others together.
_LEAST_LETTERS: Final = 4
_WORD: Final = re.compile(r"[^\W_]+", re.UNICODE)


@dataclass(frozen=True, slots=True)
class Replayed:
    """A memory as far as groups and pairs are concerned."""

    memory_id: UUID
    namespace: str
    owner_sub: str
    conversation_id: str
    text: str
    subject: str
    coordinate: str
    trust: float


@dataclass(frozen=True, slots=True)
class Group:
    """Memories to consolidate together."""

    namespace: str
    memory_ids: tuple[UUID, ...]


class Words:
    """The words of some memories, and how much each tells: the rarer the more."""

    def __init__(self, memories: Sequence[Replayed]) -> None:
        self._of = {it.memory_id: words(it.text) for it in memories}
        counts = Counter(word for each in self._of.values() for word in each)
        self.weights: Mapping[str, float] = {word: log1p(len(memories) / count) for word, count in counts.items()}

    def of(self, memory: Replayed) -> frozenset[str]:
        """The words of one."""
        return self._of[memory.memory_id]

    def shared(self, one: Replayed, other: Replayed) -> float:
        """The part of the weight of all words of two that both have, 0-1."""
        mine, theirs = self.of(one), self.of(other)
        whole = self._weight(mine | theirs)
        return self._weight(mine & theirs) / whole if whole else 0.0

    def _weight(self, some: frozenset[str]) -> float:
        return sum(self.weights[word] for word in sorted(some))


def words(text: str) -> frozenset[str]:
    """The words of a text that tell something, in lower case."""
    return frozenset(word for word in (it.casefold() for it in _WORD.findall(text)) if len(word) >= _LEAST_LETTERS)


def groups_of(memories: Sequence[Replayed]) -> tuple[Group, ...]:
    """The groups of memories that come in the order of their importance."""
    told = Words(memories)
    ordered = sorted(memories, key=lambda it: (it.namespace, it.owner_sub))
    found: list[Group] = []
    for (namespace, _), some in groupby(ordered, key=lambda it: (it.namespace, it.owner_sub)):
        found += _of_one_person(namespace, list(some), told)
    places = {it.memory_id: place for place, it in enumerate(memories)}
    return tuple(sorted(found, key=lambda it: places[it.memory_ids[0]]))


def _of_one_person(namespace: str, left: list[Replayed], told: Words) -> list[Group]:
    found: list[Group] = []
    while len(left) >= LEAST_GROUP:
        seed, *others = left
        # A stable sort: of two that are as near, the more important one comes first.
        near = sorted(others, key=lambda it: -_nearness(seed, it, told))[: GROUP - 1]
        taken = {it.memory_id for it in (seed, *near)}
        found.append(Group(namespace, tuple(it.memory_id for it in left if it.memory_id in taken)))
        left = [it for it in left if it.memory_id not in taken]
    return found


def _nearness(one: Replayed, other: Replayed, told: Words) -> float:
    together = bool(one.conversation_id) and one.conversation_id == other.conversation_id
    return told.shared(one, other) + (SAME_CONVERSATION if together else 0.0)
