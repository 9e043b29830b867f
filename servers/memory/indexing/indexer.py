"""What the indexes need of a text: its vector, its terms, its size in tokens.

Nothing here reads or writes a table.
"""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Final

from servers.memory.domain.likeness import text_key
from servers.memory.domain.memory import Memory
from servers.memory.indexing.entries import encode, encode_vector
from servers.memory.storing.rows import Indexed, Vector
from servers.memory.view.reading import Reader
from soma_common.embedding import StaticEmbedder
from soma_common.tokens import Tokenizer

# How much of a usual text lies in the direction that all texts share: the median over some hundred turns of talk.
TYPICAL_SHARE: Final = 0.87


@dataclass(frozen=True, slots=True)
class Query:
    """What counts of a query's text, its vector (None where no word is known), and the cosine of unrelated texts."""

    text: str
    vector: Vector | None
    unrelated_cosine: float


class Indexer:
    """Embeds, splits and counts texts; one object a process, as it holds the tables."""

    def __init__(self, embedder: StaticEmbedder, reader: Reader, tokenizer: Tokenizer) -> None:
        self._embedder = embedder
        self._reader = reader
        self._tokenizer = tokenizer

    @property
    def version(self) -> str:
        """The embedder with its version."""
        return f"{self._embedder.name}/{self._embedder.version}"

    def indexed(self, memory: Memory) -> Indexed:
        """The memory with its size, and what recall holds of it."""
        entry = self._reader.entry(memory)
        sized = replace(
            memory,
            token_count=self._tokenizer.count(memory.text),
            embedding_version=self.version if entry.vector is not None else "",
        )
        vector = None if entry.vector is None else encode_vector(entry.vector)
        return Indexed(sized, text_key(memory), int(entry.frequencies.sum()), encode(entry), vector)

    def terms(self, text: str) -> Counter[str]:
        """Each term of a text with how often it stands there."""
        return self._reader.terms(text)

    def vector(self, text: str) -> Vector | None:
        """The unit vector of a text; None where the table knows none of its pieces."""
        vector: Vector = self._embedder.encode([text])[0]
        return vector if vector.any() else None

    def query(self, text: str, most_tokens: int) -> Query:
        """What the index of vectors needs of a query, of which only the first tokens count."""
        beginning = self._tokenizer.truncate(text, most_tokens)
        vector = self.vector(beginning)
        shared = float(vector @ self._embedder.common_direction) if vector is not None else 0.0
        return Query(beginning, vector, TYPICAL_SHARE * shared)
