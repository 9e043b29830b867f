"""BM25 over shelves: what each row gets for the words of a query, for words of the same meaning, and for its session.

Pure. k1 1.2, b 0.75; how rare a word is counts over all the shelves together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from servers.memory.view.entry import Floats, Mask
from servers.memory.view.query import QueryFeatures
from servers.memory.view.shelf import Shelf

K1: Final = 1.2
B: Final = 0.75
# A word of nearly the same meaning counts by its likeness, and this much less.
SOFT: Final = 0.8


@dataclass(frozen=True, slots=True)
class Lexical:
    """A row each: `own` BM25, `soft` with words of the same meaning too; a session each: BM25 of all that was said."""

    own: Floats
    soft: Floats
    session: Floats


@dataclass(frozen=True, slots=True)
class Found:
    """The living rows of one shelf that hold a term, and how often."""

    rows: Sequence[np.ndarray]
    counts: Sequence[np.ndarray]


def postings(shelf: Shelf, terms: np.ndarray) -> Found:
    """What the shelf has of the terms."""
    found = shelf.terms.find(terms)
    if len(shelf.ids) == shelf.count:
        return Found([rows for rows, _ in found], [counts for _, counts in found])
    alive = shelf.columns["alive"]
    kept = [(rows, counts, alive[rows]) for rows, counts in found]
    return Found([rows[here] for rows, _, here in kept], [counts[here] for _, counts, here in kept])


def rarity(found: Sequence[Found], count: int, terms: int) -> Floats:
    """The idf of each term over all shelves."""
    holding = np.zeros(terms)
    for each in found:
        holding += np.fromiter(map(len, each.rows), dtype=np.float64, count=terms)
    return np.log1p((count - holding + 0.5) / (holding + 0.5)).astype(np.float32)


def score(shelf: Shelf, found: Found, query: QueryFeatures, weights: Floats, near: Floats, stand: Mask) -> Lexical:
    """What the rows get; `weights` are the idf of the query's terms, 0 for one that is left out; `near` of the others.

    What is not in recall gets nothing, so that nothing of it reaches its neighbours.
    """
    size = shelf.columns.size
    lengths = shelf.columns["length"]
    average = max(1.0, shelf.total_length / max(1, shelf.count))
    own, soft, best = (np.zeros(size, dtype=np.float32) for _ in range(3))
    for term in np.flatnonzero(weights).tolist():
        rows, gained = _gained(found, term, lengths, average)
        gained *= weights[term]
        own[rows] += gained
        rows_of_others, gained_of_others = _others(found, query, term, (weights[term], near), (lengths, average))
        if not len(rows_of_others):
            soft[rows] += gained
            continue
        best[rows] = gained
        np.maximum.at(best, rows_of_others, gained_of_others)
        if len(rows) + len(rows_of_others) > size // 8:
            soft += best
            best[:] = 0
            continue
        # A row that comes twice is written twice with the same.
        touched = np.concatenate([rows, rows_of_others])
        soft[touched] += best[touched]
        best[touched] = 0
    own *= stand
    soft *= stand
    return Lexical(own, soft, _sessions(shelf, found, weights, stand))


def _others(
    found: Found, query: QueryFeatures, term: int, rare: tuple[np.float32, Floats], sizes: tuple[np.ndarray, float]
) -> tuple[np.ndarray, Floats]:
    """Rows that hold a word of nearly the same meaning, and what each such word brings there."""
    first = len(query.terms)
    places = [p for p in np.flatnonzero(query.near_of == term).tolist() if len(found.rows[first + p])]
    if not places:
        return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)
    rows = np.concatenate([found.rows[first + place] for place in places])
    counts = np.concatenate([found.counts[first + place] for place in places])
    heavy = np.minimum(rare[0], rare[1][places]) * query.near_likeness[places] * np.float32(SOFT)
    return rows, np.repeat(heavy, [len(found.rows[first + p]) for p in places]) * _bm25(rows, counts, *sizes)


def _gained(found: Found, term: int, lengths: np.ndarray, average: float) -> tuple[np.ndarray, Floats]:
    return found.rows[term], _bm25(found.rows[term], found.counts[term], lengths, average)


def _bm25(rows: np.ndarray, counts: np.ndarray, lengths: np.ndarray, average: float) -> Floats:
    times = counts.astype(np.float32)
    norm = np.float32(K1 * (1 - B)) + np.float32(K1 * B / average) * lengths[rows].astype(np.float32)
    return np.asarray(times * np.float32(K1 + 1) / (times + norm), dtype=np.float32)


def _sessions(shelf: Shelf, found: Found, weights: Floats, stand: Mask) -> Floats:
    session = shelf.columns["session"]
    known = len(shelf.codes) + 1
    total = np.zeros(known, dtype=np.float32)
    lengths = shelf.session_lengths
    average = max(1.0, float(lengths[1:].sum()) / max(1, int((lengths[1:] > 0).sum())))
    norm = np.float32(K1 * (1 - B)) + np.float32(K1 * B / average) * lengths.astype(np.float32)
    for term in np.flatnonzero(weights).tolist():
        rows = found.rows[term]
        here = stand[rows]
        counts = np.bincount(session[rows[here]], found.counts[term][here], minlength=known).astype(np.float32)
        total += weights[term] * counts * np.float32(K1 + 1) / (counts + norm)
    total[0] = 0.0
    return total
