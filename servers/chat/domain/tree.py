"""Messages as a tree: in an order in which parents come before their children, and what is no tree. Pure.

Nothing here knows a store or a contract.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def parents_first(pairs: Sequence[tuple[Key, Key | None]]) -> list[Key]:
    """The messages of `(message, parent)` pairs, parents before children, else in the order given.

    The clocks of two processes may differ, so an answer can have the smaller id. What has no parent here is a root.
    """
    given = {key for key, _ in pairs}
    placed: set[Key] = set()
    waiting: defaultdict[Key, list[Key]] = defaultdict(list)
    ordered: list[Key] = []
    for key, parent in pairs:
        if parent in given and parent not in placed:
            waiting[parent].append(key)
            continue
        ready = [key]
        while ready:
            next_key = ready.pop(0)
            placed.add(next_key)
            ordered.append(next_key)
            ready[:0] = waiting.pop(next_key, [])
    return ordered


def first_fault(pairs: Iterable[tuple[str, str]]) -> tuple[int, str] | None:
    """The place of the first `(message, parent)` pair that makes the sequence no tree, and what is wrong with it."""
    seen: set[str] = set()
    for place, (key, parent) in enumerate(pairs):
        if not key:
            return place, "a message needs an id that others can name as their parent"
        if key in seen:
            return place, "another message before it has the same id"
        if parent and parent not in seen:
            return place, "its parent is not among the messages before it"
        seen.add(key)
    return None
