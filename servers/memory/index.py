"""What the indexes need of a text: its vector, its terms, its size in tokens.

Nothing here reads or writes a table.
"""

from dataclasses import replace

from servers.memory.domain.memory import Memory
from servers.memory.store import Indexed, Vector
from servers.memory.words import Words
from soma_common.embedding import StaticEmbedder
from soma_common.tokens import Tokenizer


class Indexer:
    """Embeds, splits and counts texts; one object a process, as it holds the tables."""

    def __init__(self, embedder: StaticEmbedder, words: Words, tokenizer: Tokenizer) -> None:
        self._embedder = embedder
        self._words = words
        self._tokenizer = tokenizer

    def indexed(self, memory: Memory) -> Indexed:
        """The memory with its size, embedding version, vector and terms."""
        vector = self.vector(memory.text)
        sized = replace(
            memory,
            token_count=self._tokenizer.count(memory.text),
            embedding_version=f"{self._embedder.name}/{self._embedder.version}" if vector is not None else "",
        )
        return Indexed(sized, vector, self._words.terms(memory.text), None)

    def vector(self, text: str) -> Vector | None:
        """The unit vector of a text; None where the table knows none of its pieces."""
        vector: Vector = self._embedder.encode([text])[0]
        return vector if vector.any() else None

    def query(self, text: str, most_tokens: int) -> tuple[Vector | None, list[str]]:
        """The vector and the terms of a query, of which only the first tokens count."""
        beginning = self._tokenizer.truncate(text, most_tokens)
        return self.vector(beginning), list(self._words.terms(beginning))
