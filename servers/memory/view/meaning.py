"""What words mean by the static table: their vectors, and the terms of other words that mean nearly the same. Pure."""

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Final

import numpy as np

from servers.memory.indexing.words import Words
from servers.memory.view.entry import Floats, Hashes, term_hash
from soma_common.embedding import StaticEmbedder

_KNOWN_WORDS: Final = 20_000
_NEAR: Final = 12
_LEAST_LIKENESS: Final = 0.55


class Meaning:
    """Vectors [256] of words and texts; one object a process, as it remembers words."""

    def __init__(self, embedder: StaticEmbedder, words: Words) -> None:
        self._embedder = embedder
        self._words = words
        self._word = lru_cache(_KNOWN_WORDS)(self._sum_of_pieces)
        self.near = lru_cache(_KNOWN_WORDS)(self._near)

    def words(self, words: Sequence[str]) -> Floats:
        """One row a word, of length one; zeros for a word that the table does not know."""
        rows = [self._word(word) for word in words]
        if not rows:
            return np.zeros((0, self._embedder.dimensions), dtype=np.float32)
        given = np.stack([row for row, _ in rows])
        lengths = np.linalg.norm(given, axis=1, keepdims=True)
        return np.asarray(given / np.maximum(lengths, 1e-9), dtype=np.float32)

    def text(self, words: Sequence[str]) -> Floats:
        """The sum of the words, each as heavy as it is rare in the table."""
        total = np.zeros(self._embedder.dimensions, dtype=np.float32)
        for word in words:
            total += self._word(word)[1]
        return total

    def _sum_of_pieces(self, word: str) -> tuple[Floats, Floats]:
        pieces = np.asarray(self._embedder.pieces(word), dtype=np.intp)
        table = self._embedder.table
        total = np.asarray(table.weights[pieces] @ table.embeddings[pieces].astype(np.float32), dtype=np.float32)
        total -= (total @ self._embedder.common_direction) * self._embedder.common_direction
        return total, total

    def _near(self, word: str) -> tuple[tuple[int, float], ...]:
        (vector,) = self.words([word])
        if not vector.any():
            return ()
        table, terms = self._whole_words
        own = term_hash(next((term for _, term in self._words.split(word)), word))
        likeness = table @ vector
        order = np.argsort(-likeness)[: 4 * _NEAR]
        near: dict[int, float] = {}
        for place in order.tolist():
            if likeness[place] < _LEAST_LIKENESS or len(near) == _NEAR:
                break
            if (term := int(terms[place])) != own:
                near.setdefault(term, float(likeness[place]))
        return tuple(near.items())

    @cached_property
    def _whole_words(self) -> tuple[Floats, Hashes]:
        """The pieces of the table that are words, of length one without the common direction, with their terms."""
        words: list[str] = []
        terms: list[int] = []
        for piece in self._embedder.vocabulary():
            split = list(self._words.split(piece)) if len(piece) > 2 and piece.isalpha() else []
            if len(split) == 1:
                words.append(piece)
                terms.append(term_hash(split[0][1]))
        return self.words(words), np.array(terms, dtype=np.int64)
