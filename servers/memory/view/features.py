"""The features of every row that may fit a query, each 0-1 (but for `length`), in one matrix. Pure.

What they count for is decided in `view/fusion.py`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import numpy as np

from servers.memory.domain.memory import RecallFilter
from servers.memory.domain.ranking import RECENCY_HALF_LIFE_DAYS
from servers.memory.view.columns import Columns
from servers.memory.view.dates import day_number
from servers.memory.view.entry import Floats, Mask, Rows, Trait
from servers.memory.view.lexical import Lexical, Rare, postings, rarity, score
from servers.memory.view.mask import fitting, standing
from servers.memory.view.neighbours import beside, windowed
from servers.memory.view.query import QueryFeatures
from servers.memory.view.shelf import COARSE_DIMENSIONS, Shelf, microseconds

# The features that have no bound of their own.
OF_WORDS: Final = ("own", "window", "soft", "soft_window", "session")
NAMES: Final = (
    *(*OF_WORDS, "vector", "vector_window", "speaker", "date", "when"),
    *("question", "first_person", "information", "acknowledgement", "length", "recency", "importance", "trust"),
)
_TRAITS: Final = {
    "question": Trait.QUESTION,
    "first_person": Trait.FIRST_PERSON,
    "information": Trait.INFORMATION,
    "acknowledgement": Trait.ACKNOWLEDGEMENT,
}
# A memory that shares no word with the query must be at least this near in meaning, 0-1.
LEAST_RELEVANCE: Final = 0.2
# One that has only words of nearly the same meaning, this near.
LEAST_RELEVANCE_OF_NEAR_WORDS: Final = 0.12
_DAY_MICROSECONDS: Final = 86_400_000_000
# Up to so many rows every vector is looked at whole; above, only those whose first dimensions promise most.
EXACT_ROWS: Final = 4_096
_PROMISING: Final = 512
# Every so many rows one is looked at to guess how high the best ones are.
_SAMPLED: Final = 16


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
    """A query as these shelves see it: how rare its terms are without names, its vector, the names in it."""

    rare: Rare
    vector: Floats | None
    names: frozenset[int]


def features(
    shelves: Sequence[Shelf], query: QueryFeatures, wanted: RecallFilter, now: datetime, cosines: Mapping[UUID, float]
) -> list[Candidates]:
    """The rows that may fit, shelf by shelf."""
    terms = np.concatenate([query.terms, query.near_terms])
    found = [postings(shelf, terms) for shelf in shelves]
    asked = _asked(shelves, query, rarity(found, sum(map(len, shelves)), len(terms)))
    told = []
    for shelf, each in zip(shelves, found, strict=True):
        stand = standing(shelf, wanted, now)
        fit = fitting(shelf, wanted)
        lexical = score(shelf, each, query, asked.rare, stand)
        meant = _meant(shelf, asked, _cosines(shelf, asked, stand, cosines))
        told.append(_candidates(shelf, stand if fit is None else stand & fit, lexical, meant, query, asked, now))
    return told


def _asked(shelves: Sequence[Shelf], query: QueryFeatures, idf: Floats) -> _Asked:
    terms = query.terms.tolist()
    names = frozenset(term for term in terms if any(term in shelf.known_names for shelf in shelves))
    weights, near = idf[: len(terms)], idf[len(terms) :]
    # Where nothing else is asked for, names are words like others.
    if names and not names.issuperset(terms):
        weights = np.where([term in names for term in terms], np.float32(0), weights)
    vector = query.vector
    if query.word_vectors is not None:
        total = weights @ query.word_vectors
        length = math.sqrt(total @ total)
        vector = total / length if length > 0 else None
    return _Asked(Rare(weights, near), vector, names)


def _cosines(shelf: Shelf, asked: _Asked, stand: Mask, known: Mapping[UUID, float]) -> Floats:
    """The cosine of each row in recall with the query, and a 0 behind the last."""
    columns = shelf.columns
    padded = np.zeros(columns.size + 1, dtype=np.float32)
    near = padded[:-1]
    if asked.vector is not None and columns["vector"].shape[1] == len(asked.vector):
        if columns.size <= EXACT_ROWS:
            np.matmul(shelf.kept(_vectors), asked.vector, out=near)
        else:
            np.matmul(columns["coarse"], asked.vector[:COARSE_DIMENSIONS], out=near)
            best = _highest(near, _PROMISING)
            near[best] = columns["vector"][best].astype(np.float32) @ asked.vector
    for row, cosine in zip(shelf.rows_of(known), known.values(), strict=True):
        if row >= 0:
            near[row] = cosine
    near *= stand
    return padded


def _vectors(shelf: Shelf) -> Floats:
    """All vectors in full, of a shelf that is small."""
    return shelf.columns["vector"].astype(np.float32)


def _beside(shelf: Shelf) -> Rows:
    return beside(shelf.columns)


def _meant(shelf: Shelf, asked: _Asked, cosines: Floats) -> tuple[Floats, Floats]:
    """How near each row is in meaning, alone and with its neighbours, 0-1."""
    weights, lengths = shelf.columns["weight"], shelf.columns["around"]
    weighed = cosines.copy()
    weighed[:-1] *= weights
    sums = windowed(weighed, shelf.kept(_beside))
    around = np.divide(sums, lengths, out=cosines[:-1].copy(), where=lengths > 0)
    return _relevance(cosines[:-1]), _relevance(around)


def _relevance(cosines: Floats) -> Floats:
    """Cosines as 0-1; what points away is as far as what has nothing to do with it."""
    return np.asarray(cosines.clip(0.0, 1.0), dtype=np.float32)


def _candidates(
    shelf: Shelf,
    eligible: Mask,
    lexical: Lexical,
    meant: tuple[Floats, Floats],
    query: QueryFeatures,
    asked: _Asked,
    now: datetime,
) -> Candidates:
    columns, others = shelf.columns, shelf.kept(_beside)
    window, soft_window = windowed(lexical.own, others), windowed(lexical.soft, others)
    own, around = meant
    nearest = np.maximum(own, around)
    near = (nearest >= LEAST_RELEVANCE) | (window > 0)
    near |= (soft_window > 0) & (nearest >= LEAST_RELEVANCE_OF_NEAR_WORDS)
    if query.dates:
        near |= (_dates(columns["date"], query) >= 1) & (columns["date"] < day_number(now.date()))
    near &= eligible
    rows = np.flatnonzero(near)
    if len(rows) > 3 * _PROMISING:
        session = _sessions(columns, lexical, rows)
        date = _dates(columns["date"][rows], query) if query.dates else None
        rows = rows[_best(asked, soft_window[rows], around[rows], session, date)]
    values = np.zeros((len(NAMES), len(rows)), dtype=np.float32)
    put = dict(zip(NAMES, values, strict=True))
    put["own"][:], put["soft"][:] = lexical.own[rows], lexical.soft[rows]
    put["window"][:], put["soft_window"][:] = window[rows], soft_window[rows]
    put["session"][:] = _sessions(columns, lexical, rows)
    put["vector"][:], put["vector_window"][:] = own[rows], around[rows]
    _put_rest(put, shelf, rows, query, asked, now)
    return Candidates(shelf, rows, values.T, float(asked.rare.terms.sum()), _fits(own, lexical.soft, others[:, rows]))


def _fits(meant: Floats, said: Floats, places: Rows) -> Mask:
    """Whether what stands at one of these places [places, rows] fits by itself; the place behind the last is none."""
    fits = (said[places] > 0) | (meant.take(places, mode="clip") >= LEAST_RELEVANCE)
    return np.asarray((fits & (places < len(meant))).any(axis=0))


def _sessions(columns: Columns, lexical: Lexical, rows: Rows) -> Floats:
    """What the session of each row gets; what was said in no conversation is a session by itself."""
    session = columns["session"][rows]
    return np.where(session > 0, lexical.session[session], lexical.own[rows])


def _put_rest(
    put: Mapping[str, Floats], shelf: Shelf, rows: Rows, query: QueryFeatures, asked: _Asked, now: datetime
) -> None:
    """What stands in columns of the rows."""
    columns = shelf.columns
    traits = columns["traits"][rows]
    if asked.names:
        named = np.array([not asked.names.isdisjoint(names) for names in shelf.names], dtype=np.float32)
        put["speaker"][:] = named[columns["names"][rows]]
    if query.dates:
        put["date"][:] = _dates(columns["date"][rows], query)
    if query.asks_when:
        put["when"][:] = traits & Trait.TIME_WORDS > 0
    for name, trait in _TRAITS.items():
        put[name][:] = traits & trait > 0
    age = (microseconds(now) - columns["learn_time"][rows]) / _DAY_MICROSECONDS
    put["length"][:] = np.minimum(1.0, np.log1p(columns["length"][rows]) / 4)
    put["recency"][:] = np.exp2(-np.maximum(age, 0.0) / RECENCY_HALF_LIFE_DAYS)
    put["importance"][:], put["trust"][:] = columns["importance"][rows], columns["trust"][rows]


def _best(asked: _Asked, words: Floats, meaning: Floats, session: Floats, date: Floats | None) -> Rows:
    """The places of those that are best by words, by meaning, or by all that counts most."""
    whole = np.float32(1.0 / max(1e-6, float(asked.rare.terms.sum())))
    together = (words + session) * whole + meaning
    if date is not None:
        together += date
    return np.unique(np.concatenate([_highest(column, _PROMISING) for column in (words, meaning, together)]))


def _highest(values: Floats, count: int) -> Rows:
    """The places of so many highest values, in no order; there are more than that."""
    sample = values[::_SAMPLED]
    taken = len(sample) - 2 * (count // _SAMPLED)
    if taken > 0:
        floor = np.partition(sample, taken)[taken]
        places = np.flatnonzero(values >= floor)
        if len(places) >= count:
            return places[np.argpartition(values[places], -count)[-count:]]
    return np.argpartition(values, -count)[-count:]


def _dates(date: np.ndarray, query: QueryFeatures) -> Floats:
    """1 where a row's day lies in a span of the query, less where only its month does."""
    fit = np.zeros(len(date), dtype=np.float32)
    for span in query.dates:
        days = date if span.last >= 10_000 else date % 10_000
        fit = np.maximum(fit, 0.5 * (days // 100 == span.first // 100))
        fit = np.maximum(fit, 1.0 * ((days >= span.first) & (days <= span.last)))
    return fit.astype(np.float32)
