"""A memory as the view holds it: hashed terms, a vector and the columns that filters and features need. Pure.

Nothing here splits or embeds a text; `view/reading.py` does.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntFlag
from functools import lru_cache
from hashlib import blake2b
from typing import Final, TypeAlias
from uuid import UUID

import numpy as np
import numpy.typing as npt

from servers.memory.domain.memory import Kind, MetadataValue

Hashes: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float32]
Rows: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]
# The same words come again and again: some ten megabytes when full.
_KNOWN_TERMS: Final = 65_536


class Trait(IntFlag):
    """What kind of saying a text is; told at store time, when the text is at hand."""

    QUESTION = 1
    FIRST_PERSON = 2
    INFORMATION = 4
    ACKNOWLEDGEMENT = 8
    TIME_WORDS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One memory. `terms` are different hashes of stems with their `frequencies` beside them.

    `vector` is float32 of any length but zero, None where it has none yet; `names` are hashes of the words of speaker
    and subject, `traits` a sum of `Trait`, `metadata` hashes of the pairs of its payload (`pair_hash`); `replaced`
    tells whether it was superseded or corrected.
    """

    memory_id: UUID
    kind: Kind
    learn_time: datetime
    valid_from: datetime
    terms: Hashes
    frequencies: npt.NDArray[np.uint16]
    vector: Floats | None = None
    names: tuple[int, ...] = ()
    traits: int = 0
    importance: float = 0.5
    trust: float = 1.0
    tags: tuple[str, ...] = ()
    metadata: tuple[int, ...] = ()
    subject: str = ""
    speaker: str = ""
    conversation_id: UUID | None = None
    position: int = 0
    session_time: datetime | None = None
    valid_to: datetime | None = None
    retire_time: datetime | None = None
    replaced: bool = False
    expire_time: datetime | None = None
    hidden: bool = False
    token_count: int = 0
    access_count: int = 0


@lru_cache(_KNOWN_TERMS)
def term_hash(term: str) -> int:
    """The term as a signed number of 8 bytes, the same in every process."""
    return _hashed(term)


def term_hashes(terms: Iterable[str]) -> Hashes:
    """Many at once."""
    return np.fromiter((term_hash(term) for term in terms), dtype=np.int64)


def tag_hash(tag: str) -> int:
    """A label as a number; never that of a pair of metadata."""
    return _hashed(f"tag\0{tag}")


def pair_hash(name: str, value: MetadataValue) -> int:
    """A field of the payload with its value as a number; 1 and 1.0 are the same, true is not 1."""
    kind, said = ("b", str(value)) if isinstance(value, bool) else ("s", value) if isinstance(value, str) else _n(value)
    return _hashed(f"pair\0{name}\0{kind}\0{said}")


def _hashed(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little", signed=True)


def _n(value: float) -> tuple[str, str]:
    return "n", repr(float(value) + 0.0)
