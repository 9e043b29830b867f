"""What words mean by the static table: their vectors, and the terms of other words that mean nearly the same. Pure."""

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from servers.memory.indexing.words import Words
from servers.memory.view.dates import CALENDAR
from servers.memory.view.entry import Floats, Hashes, term_hash
from servers.memory.view.shelf import COARSE_DIMENSIONS
from soma_common.embedding import StaticEmbedder

# Comparable are vectors of the same table, made of words in the same way: whoever changes the way changes the name.
VERSION: Final = f"static-words-256/{StaticEmbedder.version}"
_KNOWN_WORDS: Final = 20_000
# Words that are said of anything, and those that say when: what else is like them says nothing of what a text is about.
_MEANINGLESS: Final = CALENDAR | set("doing hello hey hi lot ok okay please thank thanks yeah".split())
# Of other words, so many at most count as nearly the same, and only those that are at least so alike.
MOST_NEAR: Final = 48
LEAST_LIKENESS: Final = 0.5
_PROMISING: Final = 256
# Of so many words of a query others that mean nearly the same are looked for.
MOST_WORDS: Final = 64
# Terms with their likeness, 0-1.
NearTerms: TypeAlias = tuple[tuple[int, float], ...]


class Meaning:
    """Vectors [256] of words and texts; one object a process, as it remembers words."""

    def __init__(self, embedder: StaticEmbedder, words: Words) -> None:
        self._embedder = embedder
        self._words = words
        self._word = lru_cache(_KNOWN_WORDS)(self._sum_of_pieces)
        self._near: dict[str, NearTerms] = {}

    def words(self, words: Sequence[str]) -> Floats:
        """One row a word, as long as it is rare in the table; zeros for a word that the table does not know."""
        rows = [self._word(word) for word in words]
        return np.stack(rows) if rows else np.zeros((0, self._embedder.dimensions), dtype=np.float32)

    def text(self, words: Sequence[str]) -> Floats:
        """The sum of the words."""
        total = np.zeros(self._embedder.dimensions, dtype=np.float32)
        for word in words:
            total += self._word(word)
        return total

    def _sum_of_pieces(self, word: str) -> Floats:
        if word in _MEANINGLESS:
            return np.zeros(self._embedder.dimensions, dtype=np.float32)
        pieces = np.asarray(self._embedder.pieces(word), dtype=np.intp)
        table = self._embedder.table
        # Pieces inside a word mean little each: together they weigh as one.
        total = table.weights[pieces] @ table.embeddings[pieces].astype(np.float32) / max(1, len(pieces))
        common = self._embedder.common_direction
        return np.asarray(total - (total @ common) * common, dtype=np.float32)

    def near(self, words: Sequence[str]) -> list[NearTerms]:
        """For each word the terms that mean nearly the same, the nearest first; none for those behind MOST_WORDS."""
        wanted = [word for word in dict.fromkeys(words[:MOST_WORDS]) if word not in self._near]
        if wanted:
            if len(self._near) + len(wanted) > _KNOWN_WORDS:
                self._near.clear()
            self._near.update(zip(wanted, self._nearest(wanted), strict=True))
        return [self._near.get(word, ()) for word in words[:MOST_WORDS]] + [()] * (len(words) - MOST_WORDS)

    def _nearest(self, words: Sequence[str]) -> list[NearTerms]:
        """The words together: the table is read once for all of them."""
        vectors = self.words(words)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
        table, coarse, terms = self._whole_words
        first = vectors[:, :COARSE_DIMENSIONS] @ coarse.T
        found: list[NearTerms] = []
        for word, vector, length, alike in zip(words, vectors, lengths, first, strict=True):
            if not length:
                found.append(())
                continue
            own = term_hash(next((term for _, term in self._words.split(word)), word))
            promising = np.argpartition(alike, -_PROMISING)[-_PROMISING:]
            likeness = table[promising].astype(np.float32) @ vector
            near: dict[int, float] = {}
            for place in np.argsort(-likeness, kind="stable").tolist():
                if likeness[place] < LEAST_LIKENESS or len(near) == MOST_NEAR:
                    break
                if (term := int(terms[promising[place]])) != own:
                    near.setdefault(term, float(likeness[place]))
            found.append(tuple(near.items()))
        return found

    @cached_property
    def _whole_words(self) -> tuple[npt.NDArray[np.float16], Floats, Hashes]:
        """The pieces of the table that are words, of length one without the common direction, with their terms."""
        pieces: list[int] = []
        terms: list[int] = []
        for number, piece in enumerate(self._embedder.vocabulary()):
            if len(piece) > 2 and piece.isalpha():
                split = [term for _, term in self._words.split(piece)]
                if len(split) == 1:
                    pieces.append(number)
                    terms.append(term_hash(split[0]))
        common = self._embedder.common_direction
        table = self._embedder.table.embeddings[pieces].astype(np.float32)
        table -= (table @ common)[:, None] * common
        table /= np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-9)
        coarse = np.ascontiguousarray(table[:, :COARSE_DIMENSIONS])
        return table.astype(np.float16), coarse, np.array(terms, dtype=np.int64)
