"""The built-in embedder: a table of word pieces, in the process, offline."""

import asyncio
from collections.abc import Sequence
from typing import Final

from servers.memory.vectors.port import Space, Vector
from soma_common.embedding import StaticEmbedder

BUILT_IN: Final = Space(f"{StaticEmbedder.name}/{StaticEmbedder.version}", StaticEmbedder.dimensions)
# So few are done before a thread has begun.
_AT_ONCE: Final = 8


class BuiltInEmbedder:
    """Tens of thousands of short texts a second; never down."""

    def __init__(self, table: StaticEmbedder) -> None:
        self._table = table

    @property
    def space(self) -> Space:
        """256 dimensions, of the shipped table."""
        return BUILT_IN

    async def embed(self, texts: Sequence[str]) -> Sequence[Vector | None]:
        """None for a text without any known word piece."""
        if len(texts) > _AT_ONCE:
            vectors = await asyncio.to_thread(self._table.encode, texts)
        else:
            vectors = self._table.encode(texts)
        return [vector if vector.any() else None for vector in vectors]

    async def close(self) -> None:
        """Nothing to give back."""
