"""What the indexes need of a text: its vector, its terms, its size in tokens.

Nothing here reads or writes a table.
"""

from collections import Counter
from dataclasses import dataclass, replace

from servers.memory.domain.likeness import text_key
from servers.memory.domain.memory import Memory
from servers.memory.indexing.entries import encode, encode_vector
from servers.memory.storing.rows import Indexed, Vector
from servers.memory.view.meaning import VERSION
from servers.memory.view.reading import Reader
from soma_common.tokens import Tokenizer


@dataclass(frozen=True, slots=True)
class Query:
    """What counts of a query's text, and its vector (None where no word is known)."""

    text: str
    vector: Vector | None


class Indexer:
    """Embeds, splits and counts texts; one object a process, as it holds the tables."""

    def __init__(self, reader: Reader, tokenizer: Tokenizer) -> None:
        self._reader = reader
        self._tokenizer = tokenizer

    def indexed(self, memory: Memory) -> Indexed:
        """The memory with its size, and what recall holds of it."""
        entry = self._reader.entry(memory)
        sized = replace(
            memory,
            token_count=self._tokenizer.count(memory.text),
            embedding_version=VERSION if entry.vector is not None else "",
        )
        vector = None if entry.vector is None else encode_vector(entry.vector)
        return Indexed(sized, text_key(memory), int(entry.frequencies.sum()), encode(entry), vector)

    def terms(self, text: str) -> Counter[str]:
        """Each term of a text with how often it stands there."""
        return self._reader.terms(text)

    def vector(self, text: str) -> Vector | None:
        """The unit vector of a text; None where the table knows none of its words."""
        return self._reader.direction(text)

    def query(self, text: str, most_tokens: int) -> Query:
        """What the index of vectors needs of a query, of which only the first tokens count."""
        beginning = self._tokenizer.truncate(text, most_tokens)
        return Query(beginning, self.vector(beginning))
