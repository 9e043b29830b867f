"""Which rows stand before and behind a row in its conversation, and how long the sum of their vectors is. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from servers.memory.view.columns import Columns
from servers.memory.view.entry import Floats, Rows

# What a row's own words and those of its neighbours count: itself, the one before, the one before that, the next.
WINDOW: Final = (1.0, 0.7, 0.4, 0.4)
_AROUND: Final = np.array(WINDOW[1:], dtype=np.float32)
_NO_END: Final = np.iinfo(np.int64).max
_AT_ONCE: Final = 4096


def beside(columns: Columns) -> Rows:
    """The rows that stand around each [3, rows], the place behind the last for none; [0, rows] if all stand alone."""
    previous = columns["previous"].astype(np.intp)
    if not (previous >= 0).any():
        return np.zeros((0, columns.size), dtype=np.intp)
    second = np.append(previous, -1)[previous]
    others = np.stack([previous, second, columns["next"]])
    others[others < 0] = columns.size
    return others


def windowed(values: Floats, others: Rows) -> Floats:
    """Each row's value with those of its neighbours, as much as each counts; behind the last of `values` stands a 0."""
    own = values[:-1] * np.float32(WINDOW[0])
    return own + _AROUND @ values.take(others) if len(others) else own


class Neighbours:
    """Keeps the columns `previous`, `next` (rows, -1 for none) and `around` of a shelf.

    `around` is the length of the windowed sum of the vectors. Of several memories at one place that one is the
    neighbour which is neither hidden nor retired, and of these the youngest.
    """

    def __init__(self, columns: Columns, ids: Sequence[UUID]) -> None:
        self._columns = columns
        self._ids = ids
        self._places: dict[int, tuple[int, ...]] = {}

    def changed(self, dead: Iterable[int], fresh: range) -> None:
        """Rows died and others came."""
        touched = {place for row in dead if (place := self._place(row))}
        for row in dead:
            if (place := self._place(row)) and not (left := tuple(r for r in self._places[place] if r != row)):
                del self._places[place]
            elif place:
                self._places[place] = left
        for row in fresh:
            if place := self._place(row):
                self._places[place] = (*self._places.get(place, ()), row)
                touched.add(place)
        near = {place + step for place in touched for step in (-2, -1, 0, 1, 2)}
        rows = [row for place in near for row in self._places.get(place, ())]
        self._link(rows)
        self._measure(np.array(sorted({*rows, *fresh}), dtype=np.int64))

    def moved(self, rows: npt.NDArray[np.int32], ids: Sequence[UUID]) -> None:
        """Rows got other numbers, -1 for those that are gone; `ids` are in the new order."""
        self._ids = ids
        self._places = {
            place: kept
            for place, old in self._places.items()
            if (kept := tuple(int(rows[row]) for row in old if rows[row] >= 0))
        }
        for name in ("previous", "next"):
            column = self._columns[name]
            column[:] = np.where(column >= 0, rows[column], -1)

    def _place(self, row: int) -> int:
        conversation, position = int(self._columns["conversation"][row]), int(self._columns["position"][row])
        return (conversation << 32) + position if conversation and position else 0

    def _link(self, rows: Iterable[int]) -> None:
        previous, following = self._columns["previous"], self._columns["next"]
        for row in rows:
            place = self._place(row)
            previous[row] = self._at(place - 1, row)
            following[row] = self._at(place + 1, row)

    def _at(self, place: int, beside: int) -> int:
        session = self._columns["session"]
        rows = [row for row in self._places.get(place, ()) if session[row] == session[beside]]
        if len(rows) < 2:
            return rows[0] if rows else -1
        hidden, retired = self._columns["hidden"], self._columns["retire_time"]
        return max(rows, key=lambda row: (not hidden[row], retired[row] == _NO_END, self._ids[row]))

    def _measure(self, rows: npt.NDArray[np.int64]) -> None:
        for start in range(0, len(rows), _AT_ONCE):
            part = rows[start : start + _AT_ONCE]
            self._columns["around"][part] = np.linalg.norm(self._sums(part), axis=1)

    def _sums(self, rows: npt.NDArray[np.int64]) -> Floats:
        previous, following = self._columns["previous"], self._columns["next"]
        before = previous[rows]
        second = np.where(before >= 0, previous[before], -1)
        total = np.zeros((len(rows), self._columns["vector"].shape[1]), dtype=np.float32)
        for weight, others in zip(WINDOW, (rows, before, second, following[rows]), strict=True):
            here = np.flatnonzero(others >= 0)
            vectors = self._columns["vector"][others[here]].astype(np.float32)
            total[here] += np.float32(weight) * self._columns["weight"][others[here], None] * vectors
        return total
