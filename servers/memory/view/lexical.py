"""BM25 over shelves: what each row gets for the words of a query, for words of the same meaning, and for its session.

Pure. k1 1.2, b 0.75; how rare a word is counts over all the shelves together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from servers.memory.view.entry import Floats, Hashes, Mask
from servers.memory.view.postings import Held
from servers.memory.view.query import QueryFeatures
from servers.memory.view.shelf import Shelf

K1: Final = 1.2
B: Final = 0.75
# A word of nearly the same meaning counts by its likeness, and this much less.
SOFT: Final = 0.8
# So many sums of sessions are made at once: what is in the cache of a core.
_SUMS_AT_ONCE: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class Lexical:
    """A row each, and a 0 behind the last: `own` BM25, `soft` with words of the same meaning too.

    A session each: BM25 of all that was said.
    """

    own: Floats
    soft: Floats
    session: Floats


@dataclass(frozen=True, slots=True)
class Rare:
    """The idf of the query's terms, 0 for one that is left out, and of the terms that mean nearly the same."""

    terms: Floats
    near: Floats


def postings(shelf: Shelf, terms: Hashes) -> Held:
    """What the living rows of the shelf have of the terms."""
    found = shelf.terms.find(terms)
    return found if len(shelf.ids) == shelf.count else found.where(shelf.columns["alive"])


def rarity(found: Sequence[Held], count: int, terms: int) -> Floats:
    """The idf of each term over all shelves."""
    holding = np.zeros(terms)
    for each in found:
        holding += each.sizes
    return np.log1p((count - holding + 0.5) / (holding + 0.5)).astype(np.float32)


def score(shelf: Shelf, found: Held, query: QueryFeatures, rare: Rare, stand: Mask) -> Lexical:
    """What the rows get. What is not in recall gets nothing, so that nothing of it reaches its neighbours."""
    size, first = shelf.columns.size, len(query.terms)
    near = np.minimum(rare.terms[query.near_of], rare.near) * query.near_likeness * np.float32(SOFT)
    heavy = np.concatenate([rare.terms, near], dtype=np.float32)
    gains = _bm25(found.counts, shelf.kept(_norms)[found.rows]) * heavy.repeat(found.sizes)
    gains *= stand[found.rows]
    behind = int(found.sizes[:first].sum())
    own = np.bincount(found.rows[:behind], gains[:behind], minlength=size + 1).astype(np.float32)
    soft = own
    if behind < len(gains):
        soft = own + _more(found, gains, np.bincount(query.near_of, found.sizes[first:], minlength=first), size)
    return Lexical(own, soft, _sessions(shelf, found, rare.terms, stand))


def _more(found: Held, gains: Floats, near_sizes: np.ndarray, size: int) -> Floats:
    """What the best of a term and of those like it brings each row beyond the term itself.

    The postings of the terms come first, then those of all that are like the first of them, and so on.
    """
    more, best = np.zeros(size + 1, dtype=np.float32), np.zeros(size + 1, dtype=np.float32)
    ends = np.cumsum(found.sizes[: len(near_sizes)]).tolist()
    near_ends = (np.cumsum(near_sizes).astype(np.intp) + ends[-1]).tolist()
    for begin, end, first, last in zip([0, *ends], ends, [ends[-1], *near_ends], near_ends, strict=False):
        if first == last:
            continue
        rows, others = found.rows[begin:end], found.rows[first:last]
        best[rows] = gains[begin:end]
        before = best[others]
        np.maximum.at(best, others, gains[first:last])
        # A row that comes twice is written twice with the same.
        more[others] += best[others] - before
        best[rows] = 0
        best[others] = 0
    return more


def _bm25(counts: Floats, norms: Floats) -> Floats:
    return np.asarray(counts * np.float32(K1 + 1) / (counts + norms), dtype=np.float32)


def _norms(shelf: Shelf) -> Floats:
    """What BM25 adds to the count of a term in each row for the length of the row."""
    return _norm(shelf.columns["length"], max(1.0, shelf.total_length / max(1, shelf.count)))


def _session_norms(shelf: Shelf) -> Floats:
    """The same of each session, by its code."""
    weights = shelf.columns["length"] * shelf.columns["alive"]
    lengths = np.bincount(shelf.columns["session"], weights, minlength=len(shelf.codes) + 1)
    return _norm(lengths, max(1.0, float(lengths[1:].sum()) / max(1, int((lengths[1:] > 0).sum()))))


def _norm(lengths: np.ndarray, average: float) -> Floats:
    return np.float32(K1 * (1 - B)) + np.float32(K1 * B / average) * lengths.astype(np.float32)


def _sessions(shelf: Shelf, found: Held, weights: Floats, stand: Mask) -> Floats:
    norms, ends = shelf.kept(_session_norms), [0, *np.cumsum(found.sizes[: len(weights)]).tolist()]
    total = np.zeros(len(norms), dtype=np.float32)
    at_once = max(1, _SUMS_AT_ONCE // len(norms))
    for first in range(0, len(weights), at_once):
        some = weights[first : first + at_once]
        span = slice(ends[first], ends[first + len(some)])
        rows = found.rows[span]
        places = np.arange(0, len(some) * len(norms), len(norms)).repeat(found.sizes[first : first + len(some)])
        places += shelf.columns["session"][rows]
        counts = np.bincount(places, found.counts[span] * stand[rows], minlength=len(some) * len(norms))
        total += some @ _bm25(counts.astype(np.float32).reshape(len(some), -1), norms)
    total[0] = 0.0
    return total
