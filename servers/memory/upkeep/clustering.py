"""Finds memories that say nearly the same, and the words of theirs that say it for all: facts without a model.

A cluster is a star: each of it is like its middle, so that nothing is chained from one subject to another.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from servers.memory.domain.consolidation import Proposal
from servers.memory.domain.grounding import said, stands_for
from servers.memory.domain.memory import Memory

LEAST_CLUSTER: Final = 3
# Of the weight of all words that two texts have, how much they must share: alone, or where their meanings are near too.
ALIKE_BY_WORDS: Final = 0.55
ALIKE_BY_BOTH: Final = 0.3
# Of two turns of talk that have nothing to do with each other, one in seven is as near as this.
NEAR: Final = 0.5
MOST_CHARACTERS: Final = 600

Matrix = npt.NDArray[np.float32]


def extracted(
    memories: Sequence[Memory], vectors: Sequence[npt.NDArray[np.float32] | None], terms: Sequence[Counter[str]]
) -> tuple[Proposal, ...]:
    """The facts of memories; `vectors` are of length one, None for a text without known words."""
    if len(memories) < LEAST_CLUSTER:
        return ()
    likeness = _likeness(vectors, terms)
    alike = (likeness > 0) & _of_one_kind(memories)
    np.fill_diagonal(alike, val=False)
    free = np.ones(len(memories), dtype=bool)
    proposals: list[Proposal] = []
    for middle in np.argsort(-alike.sum(axis=1), kind="stable"):
        near = np.flatnonzero(alike[middle] & free)
        if not free[middle] or len(near) < LEAST_CLUSTER - 1:
            continue
        order = [int(middle), *near[np.argsort(-likeness[middle][near], kind="stable")].tolist()]
        proposal, rested = _proposal([memories[place] for place in order])
        if proposal is not None:
            proposals.append(proposal)
            free[[place for place, rests in zip(order, rested, strict=True) if rests]] = False
    return tuple(proposals)


def _proposal(memories: Sequence[Memory]) -> tuple[Proposal | None, list[bool]]:
    """What the middle, which comes first, and those that add to it say; and for which of the memories it stands."""
    text = _ended(memories[0].text)
    for memory in memories[1:]:
        longer = f"{text} {_ended(memory.text)}"
        if len(longer) <= MOST_CHARACTERS and not stands_for(said(text), said(memory.text)):
            text = longer
    claim = said(text)
    rests = [stands_for(claim, said(memory.text)) for memory in memories]
    ids = sorted(
        (memory.learn_time, memory.memory_id) for memory, rested in zip(memories, rests, strict=True) if rested
    )
    if len(ids) < LEAST_CLUSTER:
        return None, rests
    return Proposal(text, tuple(memory_id for _, memory_id in ids)), rests


def _ended(text: str) -> str:
    flat = " ".join(text.split())
    return flat if flat.endswith((".", "!", "?", "…", "。")) else f"{flat}."


def _of_one_kind(memories: Sequence[Memory]) -> npt.NDArray[np.bool_]:
    """Which of them are one person's, about one subject, said by one speaker, and all denials or none."""
    groups: dict[tuple[str, str, str, bool], int] = {}
    keys = [(it.owner_sub, it.subject, it.speaker, said(it.text).denies) for it in memories]
    numbers = np.asarray([groups.setdefault(key, len(groups)) for key in keys])
    return np.asarray(numbers[:, None] == numbers[None, :], dtype=bool)


def _likeness(vectors: Sequence[npt.NDArray[np.float32] | None], terms: Sequence[Counter[str]]) -> Matrix:
    """How much of their words each two share, weighed by rarity; 0 where they are not alike."""
    places = {term: place for place, term in enumerate(sorted({term for each in terms for term in each}))}
    has = np.zeros((len(terms), max(1, len(places))), dtype=np.float32)
    for row, each in enumerate(terms):
        has[row, [places[term] for term in each]] = 1.0
    weights = np.log1p(len(terms) / np.maximum(1.0, has.sum(axis=0))).astype(np.float32)
    shared = (has * weights) @ has.T
    whole = np.diag(shared)
    share = shared / np.maximum(whole[:, None] + whole[None, :] - shared, 1e-9)
    dense = np.stack([np.zeros(256, np.float32) if vector is None else vector for vector in vectors])
    near = dense @ dense.T >= NEAR
    found: Matrix = np.where((share >= ALIKE_BY_WORDS) | ((share >= ALIKE_BY_BOTH) & near), share, 0.0).astype(
        np.float32
    )
    return found
