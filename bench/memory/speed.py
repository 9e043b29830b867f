"""How long a search of the view takes and what a shelf takes in memory, by how much is on it.

The texts are drawn from the words of the table of the embedder, common ones often (Zipf), fifteen a text.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import numpy as np

from bench.numbers import percentile
from servers.memory.domain.memory import Kind, RecallFilter
from servers.memory.domain.ranking import Weights
from servers.memory.indexing.words import Words
from servers.memory.view.entry import Entry, term_hashes
from servers.memory.view.meaning import Meaning
from servers.memory.view.query import QueryFeatures
from servers.memory.view.reading import Reader
from servers.memory.view.search import look
from servers.memory.view.shelf import Shelf
from soma_common.embedding import StaticEmbedder

_NOW: Final = datetime(2026, 5, 4, tzinfo=UTC)
_WORDS_A_TEXT: Final = 15
_TURNS_A_CONVERSATION: Final = 400
_QUERIES: Final = 100


def measured(size: int) -> tuple[list[float], list[float], int, float]:
    """Milliseconds of each search and of reading its query, bytes of the shelf, and seconds to build it.

    All are of the processor: what is pure and in one thread takes as long on a machine that has nothing else to do.
    """
    embedder, words = StaticEmbedder(), Words()
    reader = Reader(words, Meaning(embedder, words))
    vocabulary = [piece for piece in embedder.vocabulary() if len(piece) > 2 and piece.isalpha()]
    chance = np.random.default_rng(7)
    picked = np.minimum(chance.zipf(1.2, size * _WORDS_A_TEXT) + 40, len(vocabulary) - 1).reshape(size, -1)
    entries = [
        _entry(reader, number, [vocabulary[place] for place in row]) for number, row in enumerate(picked.tolist())
    ]
    begun = time.thread_time()
    shelf = Shelf()
    for start in range(0, size, 1_000):
        shelf.apply(entries[start : start + 1_000])
    built = time.thread_time() - begun
    wanted = RecallFilter(namespaces=("user:ada",))
    searches, reads = list[float](), list[float]()
    for row in chance.permutation(picked)[:_QUERIES].tolist():
        text = " ".join(vocabulary[place] for place in row[:6])
        begun = time.thread_time()
        query: QueryFeatures = reader.query(text, _NOW)
        read = time.thread_time()
        look([shelf], query, wanted, _NOW).ranking(Weights(), most=10)
        reads.append((read - begun) * 1000)
        searches.append((time.thread_time() - read) * 1000)
    return searches, reads, shelf.nbytes, built


def _entry(reader: Reader, number: int, said: list[str]) -> Entry:
    counted = {word: said.count(word) for word in said}
    conversation, position = divmod(number, _TURNS_A_CONVERSATION)
    return Entry(
        memory_id=UUID(int=number),
        kind=Kind.EPISODIC,
        learn_time=_NOW,
        valid_from=_NOW,
        terms=term_hashes(counted),
        frequencies=np.array(list(counted.values()), dtype=np.uint16),
        vector=reader.vector(" ".join(said)),
        conversation_id=UUID(int=conversation),
        position=position + 1,
        session_time=_NOW + timedelta(days=position // 20),
    )


def told(size: int) -> str:
    """The figures in one line."""
    searches, reads, room, built = measured(size)
    return (
        f"{size:,} memories: search p50 {percentile(searches, 50):.2f} p95 {percentile(searches, 95):.2f} ms, reading a"
        f" query p50 {percentile(reads, 50):.2f} p95 {percentile(reads, 95):.2f} ms, shelf {room / 1e6:.1f} MB,"
        f" built in {built:.2f} s"
    )
