"""The memories of one namespace in arrays. Pure: who feeds it and whether it is up to date is decided in `recalling/`.

A memory that changes gets a new row, its old one dies; dead rows go when they are as many as the living ones.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

import numpy as np
import numpy.typing as npt

from servers.memory.view.columns import Columns
from servers.memory.view.entry import Entry, Mask, Rows, tag_hash
from servers.memory.view.neighbours import Neighbours
from servers.memory.view.postings import Postings

Number = TypeVar("Number", bound=np.generic)
DIMENSIONS: Final = 256
# The first dimensions carry most of a vector: a large shelf looks at these first.
COARSE_DIMENSIONS: Final = 64
FOREVER: Final = np.iinfo(np.int64).max
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_LEAST_DEAD: Final = 256
# What Python's own objects take for a row beside the arrays: an id, its row and its place in a conversation.
_OBJECT_BYTES: Final = 330


def microseconds(moment: datetime | None, otherwise: int = FOREVER) -> int:
    """A time as a whole number, comparable with the columns."""
    return otherwise if moment is None else (moment - _EPOCH) // _MICROSECOND


@dataclass(frozen=True, slots=True)
class Standing:
    """Which rows are in recall for who asks from one time on until before another, in microseconds."""

    mask: Mask
    begin: int
    end: int


class Shelf:
    """`seq` is the last change of the namespace that it knows; -1 while it has not been loaded."""

    def __init__(self, dimensions: int = DIMENSIONS) -> None:
        self.seq = -1
        self.count = 0
        self.total_length = 0
        self.ids: list[UUID] = []
        self.columns = Columns(_types(dimensions))
        self.terms = Postings()
        self.labels = Postings()
        self.codes: dict[object, int] = {}
        self.names: list[frozenset[int]] = [frozenset()]
        self.known_names: set[int] = set()
        self._rows: dict[UUID, int] = {}
        self._name_codes: dict[frozenset[int], int] = {frozenset(): 0}
        # Kept as long as it is true; what changes the shelf takes it away.
        self.standing: Standing | None = None
        self._kept: dict[Callable[[Shelf], npt.NDArray[Any]], npt.NDArray[Any]] = {}
        self._neighbours = Neighbours(self.columns, self.ids)

    def __len__(self) -> int:
        return self.count

    def __contains__(self, memory_id: UUID) -> bool:
        return memory_id in self._rows

    @property
    def nbytes(self) -> int:
        """What it takes in memory, nearly."""
        arrays = self.columns.nbytes + self.terms.nbytes + self.labels.nbytes
        return arrays + sum(array.nbytes for array in self._kept.values()) + _OBJECT_BYTES * len(self.ids)

    def kept(self, make: Callable[["Shelf"], npt.NDArray[Number]]) -> npt.NDArray[Number]:
        """What follows from the rows: made once, and anew when something has changed."""
        if make not in self._kept:
            self._kept[make] = make(self)
        return self._kept[make]

    def next_change(self, moment: int) -> int:
        """When the next of these memories begins or ceases to count, if nothing is changed."""
        times = (self.columns[name] for name in ("valid_from", "valid_to", "retire_time", "expire_time"))
        return min(int(column[column > moment].min(initial=FOREVER)) for column in times)

    def rows_of(self, memory_ids: Iterable[UUID]) -> list[int]:
        """The rows of those that are here; -1 for others."""
        return [self._rows.get(memory_id, -1) for memory_id in memory_ids]

    def code(self, value: object) -> int:
        """The number under which a conversation, a subject or a session is kept; -1 if nothing has it."""
        return self.codes.get(value, -1)

    def apply(self, entries: Iterable[Entry], gone: Iterable[UUID] = ()) -> None:
        """Bring in new and changed memories, and remove others. The last of several entries of one memory counts."""
        fresh = {entry.memory_id: entry for entry in entries}
        dead = [row for row in map(self._drop, (*gone, *fresh)) if row >= 0]
        first = len(self.ids)
        self.standing = None
        self._kept.clear()
        if fresh:
            self._add(list(fresh.values()))
        self._neighbours.changed(dead, range(first, len(self.ids)))
        if len(self.ids) - self.count > max(_LEAST_DEAD, self.count):
            self._compact()

    def _drop(self, memory_id: UUID) -> int:
        row = self._rows.pop(memory_id, -1)
        if row >= 0:
            self.columns["alive"][row] = False
            self.count -= 1
            self.total_length -= int(self.columns["length"][row])
        return row

    def _add(self, entries: Sequence[Entry]) -> None:
        first, count = len(self.ids), len(entries)
        self.columns.append(self._values(entries), count)
        self._put_vectors(first, entries)
        rows = np.arange(first, first + count, dtype=np.int32)
        self.ids.extend(entry.memory_id for entry in entries)
        self._rows.update((entry.memory_id, first + place) for place, entry in enumerate(entries))
        self.count += count
        self.total_length += int(self.columns["length"][first:].sum())
        sizes = [len(entry.terms) for entry in entries]
        self.terms.add(
            np.concatenate([entry.terms for entry in entries]),
            np.repeat(rows, sizes),
            np.concatenate([entry.frequencies for entry in entries]).astype(np.uint16),
        )
        labels = [sorted({*map(tag_hash, entry.tags), *entry.metadata}) for entry in entries]
        keys = np.array([label for each in labels for label in each], dtype=np.int64)
        self.labels.add(keys, np.repeat(rows, [len(each) for each in labels]), np.ones(len(keys), dtype=np.uint16))

    def _values(self, entries: Sequence[Entry]) -> dict[str, list[object]]:
        def all_of(name: str) -> list[object]:
            return [getattr(entry, name) for entry in entries]

        def times(name: str, otherwise: int = FOREVER) -> list[object]:
            return [microseconds(getattr(entry, name), otherwise) for entry in entries]

        plain = {name: all_of(name) for name in _PLAIN}
        sessions = [(each.session_time or each.valid_from) for each in entries]
        return plain | {
            "alive": [True] * len(entries),
            "length": [int(entry.frequencies.sum()) for entry in entries],
            "conversation": [self._coded(entry.conversation_id) for entry in entries],
            "about": [self._coded(f"subject {entry.subject}") for entry in entries],
            "session": [self._coded(_session(entry)) for entry in entries],
            "names": [self._named(entry.names) for entry in entries],
            "date": [moment.year * 10_000 + moment.month * 100 + moment.day for moment in sessions],
            "time": [microseconds(moment) for moment in sessions],
            "learn_time": times("learn_time"),
            "valid_from": times("valid_from"),
            "valid_to": times("valid_to"),
            "retire_time": times("retire_time"),
            "expire_time": times("expire_time"),
            "previous": [-1] * len(entries),
            "next": [-1] * len(entries),
        }

    def _put_vectors(self, first: int, entries: Sequence[Entry]) -> None:
        places = [place for place, entry in enumerate(entries) if entry.vector is not None]
        if not places:
            return
        given = np.stack([entry.vector for entry in entries if entry.vector is not None]).astype(np.float32)
        lengths = np.linalg.norm(given, axis=1)
        unit = given / np.maximum(lengths, np.finfo(np.float32).tiny)[:, None]
        rows = np.asarray(places) + first
        self.columns["vector"][rows] = unit
        self.columns["coarse"][rows] = unit[:, :COARSE_DIMENSIONS]
        self.columns["weight"][rows] = lengths

    def _coded(self, value: object) -> int:
        return 0 if value is None else self.codes.setdefault(value, len(self.codes) + 1)

    def _named(self, names: tuple[int, ...]) -> int:
        code = self._name_codes.setdefault(frozenset(names), len(self.names))
        if code == len(self.names):
            self.names.append(frozenset(names))
            self.known_names.update(names)
        return code

    def _compact(self) -> None:
        alive = np.flatnonzero(self.columns["alive"])
        moved = np.full(len(self.ids), -1, dtype=np.int32)
        moved[alive] = np.arange(len(alive), dtype=np.int32)
        # A new list: who found something by the old rows reads it there.
        self.ids = [self.ids[row] for row in alive.tolist()]
        self.columns.keep(alive)
        self.terms.move(moved)
        self.labels.move(moved)
        self._rows = {memory_id: row for row, memory_id in enumerate(self.ids)}
        self._neighbours.moved(moved, self.ids)


def _session(entry: Entry) -> object:
    """A day of a conversation: whoever tells the time of each message tells of one session."""
    day = None if entry.session_time is None else entry.session_time.date()
    return None if entry.conversation_id is None else (entry.conversation_id, day)


_PLAIN: Final = (
    "kind",
    "importance",
    "trust",
    "hidden",
    "replaced",
    "traits",
    "position",
    "token_count",
    "access_count",
)


def _types(dimensions: int) -> dict[str, tuple[npt.DTypeLike, int]]:
    times = ("time", "learn_time", "valid_from", "valid_to", "retire_time", "expire_time")
    codes = ("conversation", "about", "session", "names", "date", "position", "token_count", "access_count")
    return {
        "vector": (np.float16, dimensions),
        "coarse": (np.float32, min(dimensions, COARSE_DIMENSIONS)),
        **dict.fromkeys(("weight", "around"), (np.float32, 0)),
        **dict.fromkeys(("importance", "trust"), (np.float64, 0)),
        **dict.fromkeys(times, (np.int64, 0)),
        **dict.fromkeys((*codes, "length", "previous", "next"), (np.int32, 0)),
        **dict.fromkeys(("kind", "traits"), (np.uint8, 0)),
        **dict.fromkeys(("alive", "hidden", "replaced"), (np.bool_, 0)),
    }


__all__ = ["COARSE_DIMENSIONS", "DIMENSIONS", "FOREVER", "Rows", "Shelf", "microseconds"]
