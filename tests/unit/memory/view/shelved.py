"""Entries and shelves for the tests of the view."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import numpy as np

from servers.memory.domain.memory import Kind, RecallFilter
from servers.memory.view.entry import Entry, term_hash
from servers.memory.view.query import QueryFeatures
from servers.memory.view.shelf import Shelf

NOW: Final = datetime(2026, 5, 4, 12, tzinfo=UTC)
EVERYTHING: Final = RecallFilter(namespaces=("user:ada",))
CONVERSATION: Final = UUID(int=77)


def entry(number: int, words: str = "", **columns: Any) -> Entry:
    """A memory with these words; its vector is made of its number unless one is given."""
    said = words.split()
    terms = sorted(set(said))
    usual: dict[str, Any] = {"kind": Kind.EPISODIC, "learn_time": NOW, "valid_from": NOW, "vector": vector(number)}
    return Entry(
        memory_id=UUID(int=number),
        terms=np.array([term_hash(term) for term in terms], dtype=np.int64),
        frequencies=np.array([said.count(term) for term in terms], dtype=np.uint16),
        **usual | columns,
    )


def vector(seed: int) -> "np.ndarray[Any, np.dtype[np.float32]]":
    """Some direction."""
    return np.random.default_rng(seed).standard_normal(256).astype(np.float32)


def asked(words: str, **fields: Any) -> QueryFeatures:
    """A query of these words."""
    terms = np.array([term_hash(word) for word in words.split()], dtype=np.int64)
    return QueryFeatures(terms=terms, **fields)


def shelf_of(*entries: Entry) -> Shelf:
    """A shelf with these."""
    shelf = Shelf()
    shelf.apply(entries)
    return shelf
