"""A level with its reasons, and the state of what it depends on, as words.

Nothing here prints or asks a service.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from cli.views.words import enum_word, moment, visible
from soma.common.v1 import level_pb2 as level_pb
from soma.governor.v1 import config_pb2 as config_pb

DEPENDENCY_HEADINGS: Final = ("DEPENDENCY", "STATE", "DETAIL")
_MEANINGS: Final = {
    level_pb.DEGRADATION_LEVEL_L0: "everything works and is used",
    level_pb.DEGRADATION_LEVEL_L1: "less history, fewer tools",
    level_pb.DEGRADATION_LEVEL_L2: "little history, one tool",
    level_pb.DEGRADATION_LEVEL_L3: "no history and no tools",
    level_pb.DEGRADATION_LEVEL_L4: "no model is called; the agent's prepared answer is sent",
}


def level_word(level: int) -> str:
    """L0 to L4."""
    return enum_word(level_pb.DegradationLevel.DESCRIPTOR, level, "DEGRADATION_LEVEL_")


def reason_lines(reasons: Iterable[level_pb.LevelReason]) -> Iterator[str]:
    """Every demand that has a sentence."""
    for reason in reasons:
        if reason.sentence:
            yield f"  {level_word(reason.level)} by {reason.source}: {reason.sentence}"


def lines(status: config_pb.LevelStatus) -> Iterator[str]:
    """The level, since when, and why."""
    since = f", since {moment(status, 'since')}" if status.HasField("since") else ""
    meaning = _MEANINGS.get(status.level)
    yield f"Level {level_word(status.level)}{f' · {meaning}' if meaning else ''}{since}"
    yield from reason_lines(status.reasons)


def dependency_row(seen: level_pb.ObservedDependency) -> tuple[str, ...]:
    """One dependency under the headings."""
    return seen.name, state_word(seen.state), visible(seen.detail)


def state_word(state: int) -> str:
    """UP, DEGRADED, DOWN, or UNKNOWN."""
    word = enum_word(level_pb.DependencyState.DESCRIPTOR, state, "DEPENDENCY_STATE_")
    return "UNKNOWN" if word == "UNSPECIFIED" else word


def change(status: config_pb.LevelStatus) -> str:
    """A level on one line, as it is told when it changed."""
    parts = [level_word(status.level), *(it.sentence for it in status.reasons if it.sentence)]
    bad = [f"{it.name} {state_word(it.state)}" for it in status.dependencies if it.state > level_pb.DEPENDENCY_STATE_UP]
    if bad:
        parts.append(", ".join(bad))
    return " · ".join(parts)
