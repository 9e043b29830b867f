"""What recall keeps of a text, as bytes beside the memory and back: hashes, and a vector. Pure.

How a text is split and hashed is not decided here. Numbers are little-endian; the first byte is the format.
"""

from dataclasses import dataclass
from struct import Struct
from typing import Final

import numpy as np
import numpy.typing as npt

from servers.memory.view.entry import Entry, Floats, Hashes, Trait

# What is stored in another format is read by its text again.
FORMAT: Final = 1

_HASH: Final = np.dtype("<i8")
_COUNT: Final = np.dtype("<u2")
_FLOAT: Final = np.dtype("<f2")
# Format, traits, how many names, pairs of metadata and terms.
_HEAD: Final = Struct("<BBHHI")


@dataclass(frozen=True, slots=True)
class Content:
    """What an entry says of a text, named as in `Entry`."""

    terms: Hashes
    frequencies: npt.NDArray[np.uint16]
    names: tuple[int, ...]
    metadata: tuple[int, ...]
    traits: Trait


def encode(entry: Entry) -> bytes:
    """The bytes of what the text says; neither its vector nor what stands in columns of its own."""
    few = (*entry.names, *entry.metadata)
    head = _HEAD.pack(FORMAT, entry.traits, len(entry.names), len(entry.metadata), len(entry.terms))
    hashes = np.array(few, dtype=_HASH).tobytes() + entry.terms.astype(_HASH).tobytes()
    return head + hashes + entry.frequencies.astype(_COUNT).tobytes()


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
    return Content(numbers[names + pairs :], counts, tuple(few[:names]), tuple(few[names:]), Trait(traits))


def encode_vector(vector: Floats | None) -> bytes | None:
    """A vector in half its bytes; what is lost of a cosine is below a thousandth."""
    return None if vector is None else vector.astype(_FLOAT).tobytes()


def decode_vector(vector: bytes | None) -> Floats | None:
    """The vector again."""
    return None if vector is None else np.frombuffer(vector, _FLOAT).astype(np.float32)
