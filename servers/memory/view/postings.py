"""Which rows hold a key and how often: sorted blocks that are merged as they grow. Pure.

What a key stands for, and whether a row is still there, is the shelf's business.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from servers.memory.view.entry import Floats, Hashes, Mask, Rows

# Blocks of this many postings are not merged any more: sorting one takes some 20 ms.
_LARGEST_BLOCK: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class Held:
    """Which rows hold some keys and how often, key by key: of the first key `sizes[0]` rows, rising, and so on."""

    sizes: Rows
    rows: Rows
    counts: Floats

    def where(self, mask: Mask) -> "Held":
        """What is left of it where a mask has its rows."""
        here = mask[self.rows]
        owners = np.repeat(np.arange(len(self.sizes)), self.sizes)[here]
        return Held(np.bincount(owners, minlength=len(self.sizes)), self.rows[here], self.counts[here])


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

    def find(self, keys: Hashes) -> Held:
        """What holds each of the keys."""
        found: list[tuple[int, _Block, int, int]] = []
        for block in self._blocks:
            places = block.keys.searchsorted(keys)
            here = np.flatnonzero(block.keys.take(places, mode="clip") == keys)
            starts = places[here]
            spans = zip(here.tolist(), block.starts[starts].tolist(), block.starts[starts + 1].tolist(), strict=True)
            found += [(number, block, begin, end) for number, begin, end in spans]
        sizes = np.zeros(len(keys), dtype=np.intp)
        if not found:
            return Held(sizes, np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.float32))
        if len(self._blocks) > 1:
            # Those of one key stay in the order of the blocks, and so of the rows.
            found.sort(key=lambda each: each[0])
        for number, _, begin, end in found:
            sizes[number] += end - begin
        rows = [block.rows[begin:end] for _, block, begin, end in found]
        counts = [block.frequencies[begin:end] for _, block, begin, end in found]
        return Held(sizes, np.concatenate(rows, dtype=np.intp), np.concatenate(counts, dtype=np.float32))


def _spread(block: _Block) -> Hashes:
    return np.repeat(block.keys, np.diff(block.starts))


def _block(keys: Hashes, rows: npt.NDArray[np.int32], frequencies: npt.NDArray[np.uint16]) -> _Block:
    order = np.argsort(keys, kind="stable")
    sorted_keys = keys[order]
    fresh = np.flatnonzero(np.concatenate([[True], sorted_keys[1:] != sorted_keys[:-1]]))
    starts = np.append(fresh, len(keys)).astype(np.int64)
    return _Block(sorted_keys[fresh], starts, rows[order], frequencies[order])
