"""The port of embedders, and what a vector must be before anybody keeps it.

Nothing here asks a model.
"""

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from servers.memory.vectors.port import Space, Vector

# Most texts of one call.
MOST_TEXTS = 128


class EmbedderDownError(Exception):
    """The embedder does not answer now, or not with vectors; the same texts may be tried later."""


class TextRefusedError(Exception):
    """The embedder will never embed one of these texts."""


class Embedder(Protocol):
    """Turns texts into vectors of one space."""

    @property
    def space(self) -> Space:
        """What its vectors are comparable with."""
        ...

    async def embed(self, texts: Sequence[str]) -> Sequence[Vector | None]:
        """A unit vector for each text, None for one that says nothing to it; at most MOST_TEXTS.

        Raises EmbedderDownError, TextRefusedError.
        """
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...


def judged(numbers: object, dimensions: int) -> Vector:
    """A unit vector out of what an embedder sent. Raises ValueError for what is none: a wrong length, NaN, zero."""
    try:
        vector: npt.NDArray[np.float64] = np.asarray(numbers, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError("it is not a list of numbers") from None
    if vector.shape != (dimensions,):
        raise ValueError(f"it has the shape {vector.shape} and not {dimensions} numbers")
    length = float(np.sqrt(vector @ vector))
    if not math.isfinite(length):
        raise ValueError("it has numbers that are not finite")
    if length < 1e-12:
        raise ValueError("it is zero")
    return (vector / length).astype(np.float32)
