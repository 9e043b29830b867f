"""What the indexes need of a text: its vector, its terms, its size in tokens.

Nothing here reads or writes a table.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from servers.memory.domain.memory import Memory
from servers.memory.indexing.words import Words
from servers.memory.storing.rows import Indexed, Vector
from soma_common.embedding import StaticEmbedder
from soma_common.tokens import Tokenizer

# How much of a usual text lies in the direction that all texts share: the median over some hundred turns of talk.
TYPICAL_SHARE: Final = 0.87


@dataclass(frozen=True, slots=True)
class Query:
    """A query's vector (None where no word is known), the cosine that unrelated texts have with it, and its terms."""

    vector: Vector | None
    unrelated_cosine: float
    terms: list[str]


class Indexer:
    """Embeds, splits and counts texts; one object a process, as it holds the tables."""

    def __init__(self, embedder: StaticEmbedder, words: Words, tokenizer: Tokenizer) -> None:
        self._embedder = embedder
        self._words = words
        self._tokenizer = tokenizer

    def indexed_many(self, memories: Sequence[Memory]) -> list[Indexed]:
        """The memories with their sizes, embedding versions, vectors and terms; embedded together."""
        if not memories:
            return []
        vectors: Vector = self._embedder.encode([memory.text for memory in memories])
        return [self._indexed(memory, vector) for memory, vector in zip(memories, vectors, strict=True)]

    def _indexed(self, memory: Memory, vector: Vector) -> Indexed:
        known = bool(vector.any())
        sized = replace(
            memory,
            token_count=self._tokenizer.count(memory.text),
            embedding_version=f"{self._embedder.name}/{self._embedder.version}" if known else "",
        )
        return Indexed(sized, vector if known else None, self._words.terms(memory.text))

    def vector(self, text: str) -> Vector | None:
        """The unit vector of a text; None where the table knows none of its pieces."""
        vector: Vector = self._embedder.encode([text])[0]
        return vector if vector.any() else None

    def query(self, text: str, most_tokens: int) -> Query:
        """What the retrievers need of a query, of which only the first tokens count."""
        beginning = self._tokenizer.truncate(text, most_tokens)
        vector = self.vector(beginning)
        shared = float(vector @ self._embedder.common_direction) if vector is not None else 0.0
        return Query(vector, TYPICAL_SHARE * shared, list(self._words.terms(beginning)))
