"""The spaces of an installation: the built-in one, and that of a model that was chosen; which of them answers recalls.

How an index comes to hold what it should is in `following.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from servers.memory.embedders.port import Embedder, TextRefusedError
from servers.memory.vectors.port import Space, Vector, VectorIndex, VectorIndexes, VectorsDownError
from servers.memory.vectors.queue import IndexQueue, Text


@dataclass(slots=True)
class Held:
    """A space with its embedder and, while it is reached, its index; `whole` once that has all it should."""

    embedder: Embedder
    # Whether a vector costs a call, so that it is kept in PostgreSQL.
    remote: bool
    index: VectorIndex | None = None
    whole: bool = False

    @property
    def space(self) -> Space:
        """Whose vectors these are."""
        return self.embedder.space

    @property
    def waits_for(self) -> str:
        """How the queue calls the space: the built-in one is the first for every memory."""
        return self.space.version if self.remote else ""

    def reached(self) -> VectorIndex:
        """The index. Raises VectorsDownError before it was reached for the first time."""
        if self.index is None:
            raise VectorsDownError("the index of vectors was not reached yet")
        return self.index


@dataclass(slots=True)
class Spaces:
    """The built-in space first, then the chosen one, if any."""

    indexes: VectorIndexes
    held: Sequence[Held]

    @property
    def built_in(self) -> Held:
        """The space whose vectors cost nothing."""
        return self.held[0]

    def serving(self) -> Held:
        """The chosen space once its index is whole; until then the built-in one serves."""
        return next((held for held in reversed(self.held) if held.whole and held.index is not None), self.built_in)

    def next_of(self, held: Held) -> str:
        """What a memory waits for after this space; empty for nothing."""
        place = self.held.index(held) + 1
        return self.held[place].waits_for if place < len(self.held) else ""

    async def refresh(self, queue: IndexQueue, fill: int) -> None:
        """Open what is not open, and see whether each index is the one that was filled.

        Of the memories that a new one lacks, at most `fill` are queued. Raises VectorsDownError, DATABASE_UNAVAILABLE.
        """
        for held in self.held:
            index = await self.indexes.open(held.space)
            if held.index is None or held.index.identity != index.identity:
                held.index, held.whole = index, False
            if not held.whole:
                if fill > 0:
                    await queue.fill(index.identity, held.space.version, fill)
                held.whole = await queue.is_whole(index.identity)

    async def close(self) -> None:
        """Give the connections of indexes and embedders back."""
        await self.indexes.close()
        for held in self.held:
            await held.embedder.close()


async def vectors_of(held: Held, texts: Sequence[Text]) -> tuple[list[Vector | None], list[tuple[Text, Vector]]]:
    """The vectors of some texts, and those among them that a model had to be asked for.

    A text that the model refuses has none, as one that says nothing to it. Raises EmbedderDownError.
    """
    vectors = [text.vector if held.remote else None for text in texts]
    missing = [place for place, vector in enumerate(vectors) if vector is None]
    asked = await _embedded(held.embedder, [texts[place].text for place in missing])
    fresh: list[tuple[Text, Vector]] = []
    for place, vector in zip(missing, asked, strict=True):
        vectors[place] = vector
        if held.remote and vector is not None:
            fresh.append((texts[place], vector))
    return vectors, fresh


async def _embedded(embedder: Embedder, texts: Sequence[str]) -> Sequence[Vector | None]:
    if not texts:
        return []
    try:
        return await embedder.embed(texts)
    except TextRefusedError:
        if len(texts) == 1:
            return [None]
    half = len(texts) // 2
    return [*await _embedded(embedder, texts[:half]), *await _embedded(embedder, texts[half:])]
