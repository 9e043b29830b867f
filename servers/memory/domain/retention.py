"""How much of a memory is left, and whether a sweep takes it. Pure.

    retention = importance · 2^(−age / half-life of its kind) + 0.1 · ln(1 + recalls)

The age counts from when it became known, never from when it was last recalled: recalls add by their number, ever less,
and make nothing young again. One recall adds 0.07, so with the usual limit only what nobody ever needed fades away; a
higher limit takes what was found a few times as well. While an agent sleeps, what it sweeps counts ages by a factor
under 1: then a memory has faded as a younger one.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final

from servers.memory.domain.memory import Kind, Memory

HALF_LIFE_DAYS: Final[Mapping[Kind, float]] = {
    Kind.EPISODIC: 30.0,
    Kind.SEMANTIC: 365.0,
    Kind.PROCEDURAL: 365.0,
    Kind.HYPOTHESIS: 30.0,
}
RECALLED: Final = 0.1
MIN_RETENTION: Final = 0.05
# For so long a sweep or a consolidation can be undone; then what it took is deleted.
UNDO: Final = timedelta(days=30)
_DAY_SECONDS: Final = 86_400.0


class SweepReason(IntEnum):
    """Why a sweep takes a memory; the numbers of `soma.memory.v1.SweepReason`."""

    EXPIRED = 1
    FADED = 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """That a sweep takes a memory, why, and how much of it was left."""

    reason: SweepReason
    retention: float


def retention(kind: Kind, importance: float, age: timedelta, access_count: int) -> float:
    """How much of a memory is left: 0 and more; a memory from the future is as new as can be."""
    days = max(0.0, age.total_seconds() / _DAY_SECONDS)
    left: float = importance * 2.0 ** (-days / HALF_LIFE_DAYS[kind]) + RECALLED * math.log1p(access_count)
    return left


def verdict(memory: Memory, now: datetime, min_retention: float, decay_factor: float = 1.0) -> Verdict | None:
    """Why a sweep takes a memory; None where it does not.

    Never what is pinned, what a quarantine hides (its end gives back what was there), and what is out of recall.
    """
    if memory.pinned or memory.hidden_by or memory.retire_time is not None:
        return None
    left = retention(memory.kind, memory.importance, (now - memory.learn_time) * decay_factor, memory.access_count)
    if memory.expire_time is not None and memory.expire_time <= now:
        return Verdict(SweepReason.EXPIRED, left)
    return Verdict(SweepReason.FADED, left) if left < min_retention else None


def sentence(
    memory: Memory, reason: SweepReason, left: float, now: datetime, min_retention: float, decay_factor: float = 1.0
) -> str:
    """The reason for a person."""
    if reason is SweepReason.EXPIRED and memory.expire_time is not None:
        return f"Its time to live ended on {memory.expire_time:%-d %B %Y}."
    days = max(0, (now - memory.learn_time).days)
    age = "1 day" if days == 1 else f"{days} days"
    counted = "" if decay_factor == 1.0 else f" (counted {decay_factor:g} times in sleep)"
    rest, limit = _told_apart(left, min_retention)
    return (
        f"It mattered {memory.importance:.2f}, is {age} old{counted} and {_recalls(memory.access_count)}: "
        f"{rest} of it is left, and {limit} is the limit."
    )


def _recalls(count: int) -> str:
    if count == 0:
        return "was never recalled"
    return "was recalled once" if count == 1 else f"was recalled {count} times"


def _told_apart(one: float, other: float) -> tuple[str, str]:
    """Both with two digits, or as many as it takes to see that they differ."""
    texts = ((f"{one:.{digits}f}", f"{other:.{digits}f}") for digits in range(2, 9))
    return next(((left, right) for left, right in texts if left != right), (f"{one:.2f}", f"{other:.2f}"))
