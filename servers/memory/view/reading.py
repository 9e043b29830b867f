"""Reads a text for the view: an entry of a memory, the features of a query. Pure, with the tables of one process."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Final, Self

import numpy as np

from servers.memory.domain.memory import Memory
from servers.memory.domain.standing import REPLACED
from servers.memory.indexing.words import Words
from servers.memory.view.dates import dates_in
from servers.memory.view.entry import Entry, Floats, Trait, pair_hash, term_hash, term_hashes
from servers.memory.view.meaning import Meaning
from servers.memory.view.query import QueryFeatures
from soma_common.embedding import StaticEmbedder

_MOST_FREQUENT: Final = 65_535
_MOST_METADATA: Final = 64
# Who speaks in a chat without names; a query that says "user" means the word.
_ROLES: Final = frozenset(("user", "assistant", "system", "agent", "tool", "ai", "bot", "human"))
_ANY_WORD: Final = re.compile(r"\w+")
_FIRST_PERSON: Final = frozenset("i my mine me we our us".split())
_INFORMATION: Final = re.compile(r"\d|[a-z,] [A-Z][a-z]")
_ACKNOWLEDGEMENT: Final = re.compile(
    r"\W*(wow|thanks|thank you|that's (great|awesome|amazing|cool|so|really)|sounds (great|good|like)|great|awesome"
    r"|cool|nice|congrats|congratulations|yeah|yes|yep|sure|absolutely|definitely|glad|aw+|no problem|you're welcome"
    r"|i agree|bye|take care|hey|hi|hello)\b",
    re.IGNORECASE,
)
_TIME_WORDS: Final = frozenset(
    "yesterday today tonight tomorrow last next ago since recently week weekend month year years monday tuesday"
    " wednesday thursday friday saturday sunday january february april june july august september october november"
    " december".split()
)
_YEAR: Final = re.compile(r"\b(19|20)\d\d\b")
_WHEN: Final = re.compile(r"\b(when|what (date|day|time|year|month)|how long( ago)?|since when)\b", re.IGNORECASE)


class Reader:
    """Splits, hashes and embeds; one object a process."""

    def __init__(self, words: Words, meaning: Meaning) -> None:
        self._words = words
        self._meaning = meaning

    @classmethod
    def of(cls, table: StaticEmbedder) -> Self:
        """Over this table."""
        words = Words()
        return cls(words, Meaning(table, words))

    def terms(self, text: str) -> Counter[str]:
        """Each term of a text with how often it stands there."""
        return self._words.terms(text)

    def entry(self, memory: Memory) -> Entry:
        """The memory as the view holds it, with the vector of the built-in embedder."""
        split = list(self._words.split(memory.text))
        counted = Counter(term for _, term in split)
        frequencies = [min(_MOST_FREQUENT, times) for times in counted.values()]
        return Entry(
            memory_id=memory.memory_id,
            terms=term_hashes(counted),
            frequencies=np.array(frequencies, dtype=np.uint16),
            vector=self._sum(word for word, _ in split),
            traits=traits_of(memory.text),
            names=self._names(memory.speaker, memory.subject),
            metadata=_pairs_of(memory.payload),
            hidden=memory.hidden_by > 0,
            replaced=memory.retire_reason in REPLACED,
            **{name: getattr(memory, name) for name in _SAME},
        )

    def vector(self, text: str) -> Floats | None:
        """What a text means: its words weighed by how rare they are, without stop words; None where none is known."""
        return self._sum(word for word, _ in self._words.split(text))

    def direction(self, text: str) -> Floats | None:
        """The same of length one: what indexes hold, and what is compared by cosine."""
        vector = self.vector(text)
        return None if vector is None else np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)

    def query(self, text: str, now: datetime) -> QueryFeatures:
        """What the view needs of a query that is asked now."""
        words: dict[str, str] = {}
        for word, term in self._words.split(text):
            words.setdefault(term, word)
        near = self._meaning.near(list(words.values()))
        return QueryFeatures(
            terms=term_hashes(words),
            word_vectors=self._meaning.words(list(words.values())),
            near_terms=np.array([term for each in near for term, _ in each], dtype=np.int64),
            near_of=np.repeat(np.arange(len(near)), [len(each) for each in near]),
            near_likeness=np.array([likeness for each in near for _, likeness in each], dtype=np.float32),
            dates=dates_in(text, now),
            asks_when=_WHEN.search(text) is not None,
        )

    def _sum(self, words: Iterable[str]) -> Floats | None:
        total = self._meaning.text(list(words))
        return total if total.any() else None

    def _names(self, *people: str) -> tuple[int, ...]:
        terms = dict.fromkeys(term for name in people for term in self._words.terms(name) if term not in _ROLES)
        return tuple(term_hash(term) for term in terms)


_SAME: Final = (
    *("kind", "learn_time", "valid_from", "valid_to", "importance", "trust", "tags", "subject", "speaker"),
    *("conversation_id", "position", "session_time", "retire_time", "expire_time", "token_count", "access_count"),
)


def traits_of(text: str) -> Trait:
    """What kind of saying it is."""
    said = set(_ANY_WORD.findall(text.lower()))
    traits = (
        (Trait.QUESTION, "?" in text),
        (Trait.FIRST_PERSON, not _FIRST_PERSON.isdisjoint(said)),
        (Trait.INFORMATION, _INFORMATION.search(text)),
        (Trait.ACKNOWLEDGEMENT, _ACKNOWLEDGEMENT.match(text)),
        (Trait.TIME_WORDS, not _TIME_WORDS.isdisjoint(said) or _YEAR.search(text)),
    )
    return Trait(sum(trait for trait, it_has in traits if it_has))


def _pairs_of(payload: str | None) -> tuple[int, ...]:
    if payload is None:
        return ()
    fields = json.loads(payload)
    plain = (pair_hash(name, value) for name, value in fields.items() if isinstance(value, str | bool | int | float))
    return tuple(_first(plain))


def _first(hashes: Iterable[int]) -> list[int]:
    return [each for each, _ in zip(hashes, range(_MOST_METADATA), strict=False)]
