"""Arrays that grow: columns of one length with room for twice as many rows. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

_LEAST_ROOM: Final = 64


class Columns:
    """Named columns; `columns[name]` is a view of the rows that are there, writable."""

    def __init__(self, types: Mapping[str, tuple[npt.DTypeLike, int]]) -> None:
        """`types` gives each column its type and its width, 0 for a plain number a row."""
        self.size = 0
        self._arrays: dict[str, npt.NDArray[Any]] = {
            name: np.zeros((0, width) if width else 0, dtype=dtype) for name, (dtype, width) in types.items()
        }

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        return self._arrays[name][: self.size]

    @property
    def nbytes(self) -> int:
        """What the arrays take, with their spare room."""
        return sum(array.nbytes for array in self._arrays.values())

    def append(self, rows: Mapping[str, Sequence[Any] | npt.NDArray[Any]], count: int) -> None:
        """Add rows; a column that is not given gets zeros."""
        wanted = self.size + count
        for name, array in self._arrays.items():
            if wanted > len(array):
                room = max(_LEAST_ROOM, wanted, 2 * len(array))
                grown = np.zeros((room, *array.shape[1:]), dtype=array.dtype)
                grown[: self.size] = array[: self.size]
                self._arrays[name] = grown
        before, self.size = self.size, wanted
        for name, values in rows.items():
            self._arrays[name][before:wanted] = values

    def keep(self, rows: npt.NDArray[np.int64]) -> None:
        """Only these rows stay, in this order; the spare room goes."""
        self._arrays = {name: array[rows] for name, array in self._arrays.items()}
        self.size = len(rows)
