"""What to do next: the memories that links lead to, breadth-first from what fits best. Pure.

The same links give the same plan: of one level the stronger link goes first, of equals the smaller id. A plan has
at most 5 steps, and the links are gathered within 50 ms; what was not gathered then is not in it.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

MOST_STEPS: Final = 5
MOST_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Link:
    """That one memory leads to another, with a strength of 0-1."""

    source: UUID
    target: UUID
    strength: float


def plan(starts: Sequence[UUID], links: Iterable[Link], most_steps: int = MOST_STEPS) -> tuple[UUID, ...]:
    """The memories to go through, in order; where one begins is no step of it."""
    onward: dict[UUID, list[Link]] = {}
    for link in set(links):
        onward.setdefault(link.source, []).append(link)
    steps: list[UUID] = []
    seen, waiting = set(starts), deque(dict.fromkeys(starts))
    while waiting and len(steps) < most_steps:
        for link in sorted(onward.get(waiting.popleft(), ()), key=lambda each: (-each.strength, each.target)):
            if link.target not in seen:
                seen.add(link.target)
                waiting.append(link.target)
                steps.append(link.target)
    return tuple(steps[:most_steps])
