"""What recall keeps of a text, as bytes beside the memory and back: hashes, and a vector. Pure.

How a text is split and hashed is not decided here. Numbers are little-endian; the first byte is the format.
"""

from dataclasses import dataclass
from struct import Struct
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

# What is stored in another format is read by its text again.
FORMAT: Final = 1
Hashes: TypeAlias = npt.NDArray[np.int64]

_HASH: Final = np.dtype("<i8")
_COUNT: Final = np.dtype("<u2")
_FLOAT: Final = np.dtype("<f2")
_MOST: Final = 0xFFFF
# Format, traits, how many names, pairs of metadata and terms.
_HEAD: Final = Struct("<BBHHI")


@dataclass(frozen=True, slots=True)
class Content:
    """What is known of a text: different `terms` with their `frequencies`, and the hashes of names and metadata.

    `traits` fit into a byte.
    """

    terms: Hashes
    frequencies: npt.NDArray[np.uint16]
    names: tuple[int, ...] = ()
    metadata: tuple[int, ...] = ()
    traits: int = 0


def encode(content: Content) -> bytes:
    """The bytes of an entry. Raises ValueError for more than 65,535 names or pairs."""
    names, pairs = len(content.names), len(content.metadata)
    if max(names, pairs) > _MOST:
        raise ValueError(f"an entry holds at most {_MOST} names and pairs, not {names} and {pairs}")
    head = _HEAD.pack(FORMAT, content.traits, names, pairs, len(content.terms))
    hashes = np.array([*content.names, *content.metadata], dtype=_HASH)
    counts = np.minimum(content.frequencies, _MOST).astype(_COUNT)
    return head + hashes.tobytes() + content.terms.astype(_HASH).tobytes() + counts.tobytes()


def decode(entry: bytes) -> Content:
    """What `encode` was given. Raises ValueError for bytes of another format, or cut off."""
    if len(entry) < _HEAD.size or entry[0] != FORMAT:
        raise ValueError("these bytes are no entry of this format")
    _, traits, names, pairs, terms = _HEAD.unpack_from(entry)
    hashes = names + pairs + terms
    if len(entry) != _HEAD.size + hashes * _HASH.itemsize + terms * _COUNT.itemsize:
        raise ValueError("these bytes of an entry are cut off")
    numbers = np.frombuffer(entry, _HASH, hashes, _HEAD.size)
    counts = np.frombuffer(entry, _COUNT, terms, _HEAD.size + hashes * _HASH.itemsize)
    few = numbers[: names + pairs].tolist() if names + pairs else []
    return Content(numbers[names + pairs :], counts, tuple(few[:names]), tuple(few[names:]), traits)


def encode_vector(vector: npt.NDArray[np.float32]) -> bytes:
    """A vector in half its bytes; what is lost of a cosine is below a thousandth."""
    return vector.astype(_FLOAT).tobytes()


def decode_vector(vector: bytes) -> npt.NDArray[np.float32]:
    """The vector again."""
    return np.frombuffer(vector, _FLOAT).astype(np.float32)
