"""The features of every row that may fit a query, each 0-1 (but for `length`), in one matrix. Pure.

What they count for is decided in `view/fusion.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import numpy as np

from servers.memory.domain.memory import RecallFilter
from servers.memory.domain.ranking import RECENCY_HALF_LIFE_DAYS
from servers.memory.view.dates import day_number
from servers.memory.view.entry import Floats, Mask, Rows, Trait
from servers.memory.view.lexical import Lexical, postings, rarity, score
from servers.memory.view.mask import fitting, standing
from servers.memory.view.neighbours import Beside
from servers.memory.view.query import QueryFeatures
from servers.memory.view.shelf import COARSE_DIMENSIONS, Shelf, microseconds

NAMES: Final = (
    *("own", "window", "soft", "soft_window", "session", "vector", "vector_window", "speaker", "date", "when"),
    *("question", "first_person", "information", "acknowledgement", "length", "recency", "importance", "trust"),
)
# A memory that shares no word with the query must be at least this near in meaning, 0-1.
LEAST_RELEVANCE: Final = 0.2
# One that has only words of nearly the same meaning, this near.
LEAST_RELEVANCE_OF_NEAR_WORDS: Final = 0.12
_DAY_MICROSECONDS: Final = 86_400_000_000
# Up to so many rows every vector is looked at whole; above, only those whose first dimensions promise most.
EXACT_ROWS: Final = 4_096
_PROMISING: Final = 512


@dataclass(frozen=True, slots=True)
class Candidates:
    """Rows of one shelf with their features [rows, NAMES]; `whole` is what a text with all words of the query gets.

    `beside` says which of them have a neighbour that fits.
    """

    shelf: Shelf
    rows: Rows
    values: Floats
    whole: float
    beside: Mask


@dataclass(frozen=True, slots=True)
class _Asked:
    """A query as these shelves see it: idf of its terms without names, of near terms, its vector, the names in it."""

    weights: Floats
    near: Floats
    vector: Floats | None
    unrelated: float
    names: frozenset[int]


def features(
    shelves: Sequence[Shelf], query: QueryFeatures, wanted: RecallFilter, now: datetime, cosines: Mapping[UUID, float]
) -> list[Candidates]:
    """The rows that may fit, shelf by shelf."""
    terms = np.concatenate([query.terms, query.near_terms])
    found = [postings(shelf, terms) for shelf in shelves]
    idf = rarity(found, sum(map(len, shelves)), len(terms))
    asked = _asked(shelves, query, idf)
    seen: list[tuple[Shelf, Mask, Lexical, Floats]] = []
    for shelf, each in zip(shelves, found, strict=True):
        stand = standing(shelf, wanted, now)
        fit = fitting(shelf, wanted)
        lexical = score(shelf, each, query, asked.weights, asked.near, stand)
        near = _vectors(shelf, asked, stand, cosines)
        seen.append((shelf, stand if fit is None else stand & fit, lexical, near))
    return [_candidates(each, query, asked, now) for each in seen]


def _asked(shelves: Sequence[Shelf], query: QueryFeatures, idf: Floats) -> _Asked:
    known = frozenset(name for shelf in shelves for names in shelf.names for name in names)
    named = np.array([term in known for term in query.terms.tolist()], dtype=np.bool_)
    if named.all():
        named[:] = False
        weights = idf[: len(query.terms)].copy()
    else:
        weights = np.where(named, np.float32(0), idf[: len(query.terms)])
    names = frozenset(term for term in query.terms.tolist() if term in known)
    vector, unrelated = query.vector, query.unrelated_cosine
    if query.word_vectors is not None:
        total = weights @ query.word_vectors
        length = float(np.linalg.norm(total))
        vector, unrelated = (total / length, 0.0) if length > 0 else (None, 0.0)
    return _Asked(weights, idf[len(query.terms) :], vector, unrelated, names)


def _vectors(shelf: Shelf, asked: _Asked, stand: Mask, cosines: Mapping[UUID, float]) -> Floats:
    """The cosine of each row in recall with the query."""
    columns = shelf.columns
    near = np.zeros(columns.size, dtype=np.float32)
    if asked.vector is not None and columns["vector"].shape[1] == len(asked.vector):
        if columns.size <= EXACT_ROWS:
            near = shelf.vectors @ asked.vector
        else:
            near = columns["coarse"] @ asked.vector[:COARSE_DIMENSIONS]
            best = np.argpartition(-near, _PROMISING)[:_PROMISING]
            near[best] = columns["vector"][best].astype(np.float32) @ asked.vector
    for row, cosine in zip(shelf.rows_of(cosines), cosines.values(), strict=True):
        if row >= 0:
            near[row] = cosine
    return np.asarray(near * stand, dtype=np.float32)


def _relevance(cosines: Floats, asked: _Asked) -> Floats:
    """Cosines as 0-1 above what unrelated texts have."""
    stretched = (cosines - np.float32(asked.unrelated)) / np.float32(1.0 - asked.unrelated)
    return np.asarray(np.clip(stretched, 0.0, 1.0), dtype=np.float32)


def _candidates(
    seen: tuple[Shelf, Mask, Lexical, Floats], query: QueryFeatures, asked: _Asked, now: datetime
) -> Candidates:
    shelf, eligible, lexical, cosines = seen
    lengths, beside = shelf.columns["around"], Beside(shelf.columns)
    soft_window = beside.sums(lexical.soft)
    own = _relevance(cosines, asked)
    sums = beside.sums(cosines * shelf.columns["weight"])
    around = _relevance(np.divide(sums, lengths, out=cosines.copy(), where=lengths > 0), asked)
    nearest = np.maximum(own, around)
    near = (nearest >= LEAST_RELEVANCE) | beside.reached(lexical.own > 0)
    near |= (soft_window > 0) & (nearest >= LEAST_RELEVANCE_OF_NEAR_WORDS)
    if query.dates:
        near |= (_dates(shelf.columns["date"], query) >= 1) & (shelf.columns["date"] < day_number(now.date()))
    rows = np.flatnonzero(eligible & near)
    # What was said in no conversation is a session by itself.
    sessions = shelf.columns["session"][rows]
    session = np.where(sessions > 0, lexical.session[sessions], lexical.own[rows])
    date = _dates(shelf.columns["date"][rows], query)
    best = _best(asked, soft_window[rows], around[rows], session, date)
    rows, session, date = rows[best], session[best], date[best]
    columns = {name: shelf.columns[name][rows] for name in ("traits", "names", "length", "importance", "trust")}
    traits = columns["traits"]
    speakers = np.array([not asked.names.isdisjoint(names) for names in shelf.names], dtype=np.float32)
    age = (microseconds(now) - shelf.columns["learn_time"][rows]) / _DAY_MICROSECONDS
    values = {
        "own": lexical.own[rows],
        "window": beside.sums(lexical.own, rows),
        "soft": lexical.soft[rows],
        "soft_window": soft_window[rows],
        "session": session,
        "vector": own[rows],
        "vector_window": around[rows],
        "speaker": speakers[columns["names"]],
        "date": date,
        "when": (traits & Trait.TIME_WORDS > 0) * np.float32(query.asks_when),
        "question": traits & Trait.QUESTION > 0,
        "first_person": traits & Trait.FIRST_PERSON > 0,
        "information": traits & Trait.INFORMATION > 0,
        "acknowledgement": traits & Trait.ACKNOWLEDGEMENT > 0,
        "length": np.minimum(1.0, np.log1p(columns["length"]) / 4),
        "recency": np.exp2(-np.maximum(age, 0.0) / RECENCY_HALF_LIFE_DAYS),
        "importance": columns["importance"],
        "trust": columns["trust"],
    }
    matrix = np.stack([np.asarray(values[name], dtype=np.float32) for name in NAMES], axis=1)
    fits = beside.beside((lexical.soft > 0) | (own >= LEAST_RELEVANCE), rows)
    return Candidates(shelf, rows, matrix, float(asked.weights.sum()), fits)


def _best(asked: _Asked, words: Floats, meaning: Floats, session: Floats, date: Floats) -> Rows:
    """The places of all; of very many those that are best by words, by meaning, or by all that counts most."""
    if len(words) <= 3 * _PROMISING:
        return np.arange(len(words))
    whole = np.float32(1.0 / max(1e-6, float(asked.weights.sum())))
    together = (words + session) * whole + meaning + date
    best = [np.argpartition(-column, _PROMISING)[:_PROMISING] for column in (words, meaning, together)]
    return np.unique(np.concatenate(best))


def _dates(date: np.ndarray, query: QueryFeatures) -> Floats:
    """1 where a row's day lies in a span of the query, less where only its month does."""
    fit = np.zeros(len(date), dtype=np.float32)
    for span in query.dates:
        days = date if span.last >= 10_000 else date % 10_000
        fit = np.maximum(fit, 0.5 * (days // 100 == span.first // 100))
        fit = np.maximum(fit, 1.0 * ((days >= span.first) & (days <= span.last)))
    return fit.astype(np.float32)
