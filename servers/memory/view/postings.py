"""Which rows hold a key and how often: sorted blocks that are merged as they grow. Pure.

What a key stands for, and whether a row is still there, is the shelf's business.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from servers.memory.view.entry import Hashes, Rows

# Blocks of this many postings are not merged any more: sorting one takes some 20 ms.
_LARGEST_BLOCK: Final = 1 << 18
_Found: TypeAlias = tuple[npt.NDArray[np.int32], npt.NDArray[np.uint16]]


@dataclass(frozen=True, slots=True)
class _Block:
    keys: Hashes
    starts: Rows
    rows: npt.NDArray[np.int32]
    frequencies: npt.NDArray[np.uint16]

    @property
    def nbytes(self) -> int:
        return self.keys.nbytes + self.starts.nbytes + self.rows.nbytes + self.frequencies.nbytes


class Postings:
    """Keys to rows; rows are only ever added, in rising order."""

    def __init__(self) -> None:
        self._blocks: list[_Block] = []

    @property
    def nbytes(self) -> int:
        """What the blocks take."""
        return sum(block.nbytes for block in self._blocks)

    def add(self, keys: Hashes, rows: npt.NDArray[np.int32], frequencies: npt.NDArray[np.uint16]) -> None:
        """One posting for each place of the three arrays; no key twice in a row."""
        if not len(keys):
            return
        self._blocks.append(_block(keys, rows, frequencies))
        while len(self._blocks) > 1 and len(self._blocks[-2].rows) < 2 * len(self._blocks[-1].rows):
            if len(self._blocks[-2].rows) >= _LARGEST_BLOCK:
                break
            last, before = self._blocks.pop(), self._blocks.pop()
            keys = np.concatenate([_spread(before), _spread(last)])
            rows = np.concatenate([before.rows, last.rows])
            self._blocks.append(_block(keys, rows, np.concatenate([before.frequencies, last.frequencies])))

    def move(self, moved: npt.NDArray[np.int32]) -> None:
        """Rows get other numbers, in the same order; postings of rows that get -1 go."""
        blocks, self._blocks = self._blocks, []
        for block in blocks:
            rows = moved[block.rows]
            here = rows >= 0
            self.add(_spread(block)[here], rows[here], block.frequencies[here])

    def find(self, keys: Hashes) -> list[_Found]:
        """For each key the rows that hold it, rising, and how often."""
        parts: dict[int, list[_Found]] = {}
        for block in self._blocks:
            places = np.searchsorted(block.keys, keys)
            here = np.flatnonzero(block.keys[np.minimum(places, len(block.keys) - 1)] == keys)
            for number, place in zip(here.tolist(), places[here].tolist(), strict=True):
                span = slice(block.starts[place], block.starts[place + 1])
                parts.setdefault(number, []).append((block.rows[span], block.frequencies[span]))
        return [_joined(parts[number]) if number in parts else _NONE for number in range(len(keys))]


_NONE: Final[_Found] = (np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.uint16))


def _joined(parts: list[_Found]) -> _Found:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate([rows for rows, _ in parts]), np.concatenate([counts for _, counts in parts])


def _spread(block: _Block) -> Hashes:
    return np.repeat(block.keys, np.diff(block.starts))


def _block(keys: Hashes, rows: npt.NDArray[np.int32], frequencies: npt.NDArray[np.uint16]) -> _Block:
    order = np.argsort(keys, kind="stable")
    sorted_keys = keys[order]
    fresh = np.flatnonzero(np.concatenate([[True], sorted_keys[1:] != sorted_keys[:-1]]))
    starts = np.append(fresh, len(keys)).astype(np.int64)
    return _Block(sorted_keys[fresh], starts, rows[order], frequencies[order])
