"""The built-in embedder: the vectors that shelves hold, of length one; in the process, offline."""

import asyncio
from collections.abc import Sequence
from typing import Final

from servers.memory.vectors.port import Space, Vector
from servers.memory.view.meaning import VERSION
from servers.memory.view.reading import Reader
from soma_common.embedding import StaticEmbedder

BUILT_IN: Final = Space(VERSION, StaticEmbedder.dimensions)
# So few are done before a thread has begun.
_AT_ONCE: Final = 8


class BuiltInEmbedder:
    """Tens of thousands of short texts a second; never down."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    @property
    def space(self) -> Space:
        """256 dimensions, of the shipped table."""
        return BUILT_IN

    async def embed(self, texts: Sequence[str]) -> Sequence[Vector | None]:
        """None for a text without any known word."""
        if len(texts) > _AT_ONCE:
            return await asyncio.to_thread(self._directions, texts)
        return self._directions(texts)

    def _directions(self, texts: Sequence[str]) -> Sequence[Vector | None]:
        return [self._reader.direction(text) for text in texts]

    async def close(self) -> None:
        """Nothing to give back."""
