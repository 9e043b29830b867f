"""How alike texts are, the same number on every machine: all sums are of whole numbers that a float64 holds exactly.

Sums of floats depend on the order in which a processor adds them, so what must be computed again byte for byte, as the
plan of a turn, cannot stand on them. Nothing here knows what the texts are.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from soma_common.embedding.static import StaticEmbedder

Vector: TypeAlias = npt.NDArray[np.float64]

# Largest magnitudes, in bits. A product of a sum must stay below 2^53: 24 + 7 + 12 for 4,096 pieces of a text, whose
# vector is brought to 20; 20 + 15 + 8 along the common direction; 15 + 15 + 8 for two vectors.
_WEIGHT: Final = 2.0**24
_SUM: Final = 2.0**20
_UNIT: Final = 2.0**15
_MOST_PIECES: Final = 4096
# Of the table, when the direction of all texts is computed: 16 + 12 + 7 + 15 bits for all its rows.
_FREQUENCY: Final = 2.0**16
_ROWS_AT_ONCE: Final = 4096


class Likeness:
    """Vectors of texts without the direction that all texts share, and their cosines. Loads on first use (60 ms)."""

    def __init__(self, embedder: StaticEmbedder) -> None:
        self._embedder = embedder

    def vector(self, text: str) -> Vector:
        """The text as 256 whole numbers of about length 2^15; zeros for a text without any known word piece."""
        pieces = self._embedder.pieces(text)[:_MOST_PIECES]
        numbers, counts = np.unique(np.asarray(pieces, dtype=np.intp), return_counts=True)
        total = (self._weights[numbers] * counts) @ self._embedder.table.embeddings[numbers].astype(np.float64)
        most = np.abs(total).max(initial=0.0)
        if not most:
            return np.zeros(self._embedder.dimensions)
        return self._unit(np.rint(total * (_SUM / most)))

    def similarities(self, vector: Vector, others: Sequence[Vector] | npt.NDArray[np.float64]) -> list[float]:
        """The cosine of a vector with each of the others, −1 to 1; 0 where one of the two is all zeros."""
        products: list[float] = (np.asarray(others) @ vector).tolist()
        return [max(-1.0, min(1.0, product / (_UNIT * _UNIT))) for product in products]

    def load(self) -> None:
        """Load the table now, so that nobody waits for it."""
        self.vector("load")

    def _unit(self, total: Vector) -> Vector:
        common = self._common
        rest = np.rint(total - (total @ common) * common / (_UNIT * _UNIT))
        length = float(np.sqrt(rest @ rest))
        return np.asarray(np.rint(rest * (_UNIT / length)) if length else rest, dtype=np.float64)

    @cached_property
    def _weights(self) -> Vector:
        weights = self._embedder.table.weights.astype(np.float64)
        return np.asarray(np.rint(weights * (_WEIGHT / weights.max())), dtype=np.float64)

    @cached_property
    def _common(self) -> Vector:
        """`StaticEmbedder.common_direction` in whole numbers."""
        rows = self._embedder.table.embeddings
        weights = np.rint(self._weights / 2.0**12) * np.rint(_FREQUENCY / (np.arange(len(rows)) + 2.0))
        total = np.zeros(self._embedder.dimensions)
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            total += weights[part] @ rows[part].astype(np.float64)
        total = np.rint(total * (_SUM / np.abs(total).max()))
        return np.asarray(np.rint(total * (_UNIT / float(np.sqrt(total @ total)))), dtype=np.float64)
