"""Whether a memory is in recall: what held in the world at one time, as it was known here at another. Pure.

    known      learn_time ≤ L, not hidden, and not expired at now
    replaced   superseded or corrected: it still tells what held before, and its end is known from retire_time on
    resting    swept or consolidated: out of recall from retire_time on, whatever it tells

V is the time in the world that is asked for, L the time of knowing; both are now where nothing else is said. So “where
did she live in 2020” finds what was replaced since, and “what did we believe in March” knows of no end learned in May.
"""

from datetime import datetime
from typing import Final

from servers.memory.domain.memory import Kind, Memory, Retired

REPLACED: Final = (Retired.SUPERSEDED, Retired.CORRECTED)


def is_expired(memory: Memory, now: datetime) -> bool:
    """Whether its time to live is over: then it is gone from every read."""
    return memory.expire_time is not None and memory.expire_time <= now


def in_recall(
    memory: Memory,
    now: datetime,
    valid: datetime | None = None,
    learned: datetime | None = None,
    *,
    guesses: bool = False,
) -> bool:
    """Whether recall may find it, as of `valid` in the world (V) and `learned` here (L); None means now.

    A hypothesis only where `guesses` are asked for.
    """
    if memory.kind is Kind.HYPOTHESIS and not guesses:
        return False
    as_valid, as_learned = valid or now, learned or now
    if memory.hidden_by > 0 or is_expired(memory, now) or (learned is not None and memory.learn_time > learned):
        return False
    # What holds since it was learned holds for who asks now, whatever the clocks of two processes say.
    begun = valid is None and memory.valid_from <= memory.learn_time
    if not begun and as_valid < memory.valid_from:
        return False
    retired = memory.retire_time is not None and memory.retire_time <= as_learned
    if memory.retire_reason in REPLACED:
        # Until it was replaced, nobody knew of its end.
        return not retired or (memory.valid_to is not None and as_valid < memory.valid_to)
    return not retired and (memory.valid_to is None or as_valid < memory.valid_to)
