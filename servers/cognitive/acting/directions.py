"""Directions of texts in the space of the built-in embedder, as bytes, and how alike they are.

The only module here that imports the embedder and numpy; `meanings.py` loads it when it is needed first.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from soma_common.embedding import StaticEmbedder
from soma_common.embedding.likeness import Likeness, Vector

# What stands in front of each direction: directions of two spaces cannot be compared.
_SPACE: Final = bytes.fromhex(StaticEmbedder.version)
_MOST: Final = 2**15 - 1


class Directions:
    """A direction is the version of its space, then 256 whole numbers of two bytes."""

    def __init__(self) -> None:
        self._likeness = Likeness(StaticEmbedder())
        self._likeness.load()

    def of(self, text: str) -> bytes:
        """The direction of a text; the longer it is, the longer this takes."""
        vector = self._likeness.vector(text)
        return _SPACE + vector.clip(-_MOST, _MOST).astype("<i2").tobytes()

    def likenesses(self, direction: bytes, others: Sequence[tuple[bytes, str]]) -> list[float]:
        """How alike it is to each of the others, −1 to 1; of one from another space the text is read again."""
        if not others:
            return []
        same = [known if known.startswith(_SPACE) else self.of(text) for known, text in others]
        return self._likeness.similarities(_vector(direction), [_vector(each) for each in same])


def _vector(direction: bytes) -> Vector:
    return np.frombuffer(direction, dtype="<i2", offset=len(_SPACE)).astype(np.float64)
