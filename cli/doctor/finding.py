"""One thing that was looked at: its state, the reason, and what mends it.

Nothing here looks at anything.
"""

from dataclasses import dataclass
from enum import StrEnum

START = "make up"


class State(StrEnum):
    """GOOD is as it should be, HINT works and could do more, BAD has to be mended, SKIPPED waits for that."""

    GOOD = "GOOD"
    HINT = "HINT"
    BAD = "BAD"
    SKIPPED = "SKIPPED"


@dataclass(frozen=True, slots=True)
class Finding:
    """`mend` is a command, or where there is none what to do; empty where all is good."""

    name: str
    state: State
    reason: str
    mend: str = ""


def good(name: str, reason: str) -> Finding:
    """All is well."""
    return Finding(name, State.GOOD, reason)


def hint(name: str, reason: str, mend: str) -> Finding:
    """It works, and could do more."""
    return Finding(name, State.HINT, reason, mend)


def bad(name: str, reason: str, mend: str) -> Finding:
    """Something has to be mended."""
    return Finding(name, State.BAD, reason, mend)


def skipped(name: str, reason: str, mend: str) -> Finding:
    """It cannot be looked at before something else is mended."""
    return Finding(name, State.SKIPPED, reason, mend)


def stack_is_down(name: str) -> Finding:
    """It can be looked at only while the stack runs."""
    return skipped(name, "the stack is not running", START)
