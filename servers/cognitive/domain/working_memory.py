"""What a session has in mind: at most 64 texts. Pure.

    admission   every text that is met is in mind afterwards
    renewal     the same text (but for case and spaces) again takes its new salience and time, and is counted anew
    eviction    where there would be 65, the text goes whose salience is least once it has halved every 30 minutes since
                it was met; of equals the one met longest ago. The text that is met now stays.
    promotion   a text that was met twice at a salience of 0.7 or more is kept as a memory, whatever the gate says;
                where keeping failed it is due again the next time, and once it is a memory never again

Nothing here knows where items are kept or what a memory is.
"""

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from servers.cognitive.domain.salience import CLOSED, Gates

MOST_ITEMS: Final = 64
SALIENT: Final = 0.7
PROMOTED_AT: Final = 2
HALF_LIFE_SECONDS: Final = 1800.0


@dataclass(frozen=True, slots=True)
class Item:
    """A text in mind: its key, its salience when it was last met, how often that was 0.7 or more, the memory it became.

    `likeness` is its direction in the space of meanings, opaque here.
    """

    key: bytes
    text: str
    salience: float
    salient_count: int
    memory_id: UUID | None
    met_time: datetime
    likeness: bytes = b""


@dataclass(frozen=True, slots=True)
class WorkingMemory:
    """What a session has in mind and how its gates stand; `version` is dense from 0."""

    version: int = 0
    gates: Gates = CLOSED
    items: tuple[Item, ...] = ()

    def item(self, key: bytes) -> Item | None:
        """The item of that key."""
        return next((item for item in self.items if item.key == key), None)


@dataclass(frozen=True, slots=True)
class Met:
    """A working memory after it met a text: the item, the keys of those that went, whether it is to be promoted."""

    memory: WorkingMemory
    item: Item
    evicted: tuple[bytes, ...]
    promoted: bool


def key_of(text: str) -> bytes:
    """What is equal for texts that count as the same: SHA-256 without case and with one space between words."""
    return hashlib.sha256(" ".join(text.casefold().split()).encode("utf-8", "replace")).digest()


def meet(memory: WorkingMemory, text: str, salience: float, now: datetime, likeness: bytes = b"") -> Met:
    """What is in mind after a text was met; the version and the gates stay as they are."""
    key = key_of(text)
    known = memory.item(key)
    count = (known.salient_count if known else 0) + (salience >= SALIENT)
    item = Item(key, text, salience, count, known.memory_id if known else None, now, likeness)
    others = [each for each in memory.items if each.key != key]
    others.sort(key=lambda each: (_strength(each, now), each.met_time, each.key))
    gone = others[: max(len(others) + 1 - MOST_ITEMS, 0)]
    evicted = tuple(each.key for each in gone)
    stays = tuple(each for each in memory.items if each.key != key and each.key not in evicted)
    promoted = count >= PROMOTED_AT and item.memory_id is None
    return Met(replace(memory, items=(*stays, item)), item, evicted, promoted)


def keep(memory: WorkingMemory, key: bytes, memory_id: UUID) -> WorkingMemory:
    """The same with a text noted as that memory."""
    items = tuple(replace(item, memory_id=memory_id) if item.key == key else item for item in memory.items)
    return replace(memory, items=items)


def novelty_of(likenesses: Iterable[float]) -> float:
    """How new a text is to which the items in mind are so much alike: 1 less the best likeness, 0-1."""
    return 1.0 - min(max(max(likenesses, default=0.0), 0.0), 1.0)


def most_salient(memory: WorkingMemory) -> list[Item]:
    """The items, the most salient first; of equals the one met last."""
    return sorted(memory.items, key=lambda item: (-item.salience, -item.met_time.timestamp(), item.key))


def _strength(item: Item, now: datetime) -> float:
    age = max((now - item.met_time).total_seconds(), 0.0)
    return item.salience * math.exp2(-age / HALF_LIFE_SECONDS)
