"""When two memories are the same thing said twice, and which of many must wait for one another. Pure."""

import hashlib
from collections.abc import Sequence

from servers.memory.domain.memory import Kind, Memory
from servers.memory.domain.noise import normalised


def text_key(memory: Memory) -> bytes:
    """SHA-256 of what a memory says: its normalised text, with its coordinate or its fact where it has one.

    A guess is never the same thing as what somebody says.
    """
    said = normalised(memory.text)
    if memory.kind is Kind.HYPOTHESIS:
        said = f"hypothesis\0{said}"
    if memory.coordinate or memory.predicate:
        said = "\0".join((said, memory.coordinate, memory.predicate, normalised(memory.object)))
    return hashlib.sha256(said.encode()).digest()


def rounds(memories: Sequence[tuple[Memory, bytes]]) -> list[list[int]]:
    """The places of memories in rounds that are stored one after the other: none has two of a text, key or fact.

    Beside each memory stands its `text_key`.
    """
    last: dict[tuple[object, ...], int] = {}
    found: list[list[int]] = []
    for place, (memory, key_of_text) in enumerate(memories):
        keys = _keys(memory, key_of_text)
        at = 1 + max((last.get(key, -1) for key in keys), default=-1)
        for key in keys:
            last[key] = at
        if at == len(found):
            found.append([])
        found[at].append(place)
    return found


def _keys(memory: Memory, key_of_text: bytes) -> list[tuple[object, ...]]:
    place = memory.namespace
    keys: list[tuple[object, ...]] = [("text", place, memory.subject, key_of_text)]
    if memory.coordinate:
        keys.append(("coordinate", place, memory.coordinate))
    if memory.predicate:
        keys.append(("fact", place, memory.subject, memory.predicate))
    return keys
