"""Reads the table of word pieces as a memory map, so that all processes share its pages.

Nothing here knows texts.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Int8Matrix: TypeAlias = npt.NDArray[np.int8]
Vector: TypeAlias = npt.NDArray[np.float32]

_TYPES: Final = {"I8": np.int8, "F32": np.float32}


@dataclass(frozen=True, slots=True)
class Table:
    """`embeddings` int8 [pieces, dimensions] and `weights` float32 [pieces] = row scale times SIF weight."""

    embeddings: Int8Matrix
    weights: Vector


def read_table(path: Path) -> Table:
    """Map a safetensors file that holds `embeddings` and `weights`. Raises FileNotFoundError, ValueError."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 0 < length < 1_000_000:
            raise ValueError(f"{path.name} is not a safetensors file")
        header = json.loads(file.read(length))
    body = np.memmap(path, dtype=np.uint8, mode="r", offset=8 + length)

    def tensor(name: str) -> npt.NDArray[np.generic]:
        entry = header[name]
        start, end = entry["data_offsets"]
        return body[start:end].view(_TYPES[entry["dtype"]]).reshape(entry["shape"])

    embeddings, weights = tensor("embeddings"), tensor("weights")
    if embeddings.dtype != np.int8 or weights.dtype != np.float32 or len(embeddings) != len(weights):
        raise ValueError(f"{path.name} does not hold an int8 table with float32 weights")
    return Table(embeddings.view(np.int8), weights.view(np.float32))
