"""What a sleep cycle is: what it may use, how far it is, what it says of itself. Pure.

    begin        nothing yet
    replay       the most important memories are chosen and laid in groups
    consolidate  each group is consolidated by memory
    recombine    pairs become hypotheses
    prune        what faded is swept
    relieve      the load is lighter for an hour, and the cycle is over

Undone is what was not finished: the group on its way, the hypotheses of a recombination that was not over, a sweep that
was not over. Groups that were finished stay, and so does each step that was.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final
from uuid import UUID, uuid5

REPLAYED: Final = 256
USUAL_TOKENS: Final = 20_000
USUAL_SECONDS: Final = 300
# Less than this lets a model say nothing about two memories.
LEAST_TOKENS: Final = 1_000
BY_HAND: Final = "by hand"
BY_LOAD: Final = "load"


class CycleState(IntEnum):
    """How far a cycle is; the numbers of `soma.cognitive.v1.SleepCycleState`."""

    RUNNING = 1
    COMPLETED = 2
    CANCELLED = 3
    FAILED = 4


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a cycle shall do, and what it may use."""

    nrem: bool = True
    rem: bool = True
    token_budget: int = USUAL_TOKENS
    max_seconds: int = USUAL_SECONDS


@dataclass(frozen=True, slots=True)
class Cycle:
    """One cycle as it stands. `problem` is the reason of the last try that failed."""

    cycle_id: UUID
    agent_id: UUID
    state: CycleState
    step: str
    cause: str
    wishes: Wishes
    stopping: bool
    model_away: bool
    problem: str
    replayed_ids: tuple[UUID, ...]
    replayed_count: int
    group_count: int
    fact_count: int
    hypothesis_count: int
    swept_count: int
    coverage: float
    used_tokens: int
    load_before: float
    load_after: float
    sentences: tuple[str, ...]
    consolidation_ids: tuple[UUID, ...]
    sweep_id: UUID | None
    start_time: datetime
    end_time: datetime | None

    @property
    def deadline(self) -> datetime:
        """Until when it may begin something."""
        return self.start_time + timedelta(seconds=self.wishes.max_seconds)

    @property
    def left_tokens(self) -> int:
        """What a model may still be billed for."""
        return max(0, self.wishes.token_budget - self.used_tokens)


def share_of(left_tokens: int, groups_left: int) -> int:
    """What the next group may use: an equal part of what is left, so that what one leaves goes to those behind it.

    0 where that is too little for a model.
    """
    share = min(left_tokens, max(LEAST_TOKENS, left_tokens // max(1, groups_left)))
    return share if share >= LEAST_TOKENS else 0


def key_of(cycle_id: UUID, what: str) -> UUID:
    """The request id of a call that a cycle makes, and the key of its effect: the same for every try."""
    return uuid5(cycle_id, f"soma.cognitive.cycle/{what}")


def replayed(memories: int, groups: int, rooms: int) -> str:
    """What a replay found; `rooms` counts the namespaces in which turns of the agent kept memories."""
    if not memories and not rooms:
        return "No memory was replayed: no turn of this agent kept any yet, and it has none of its own that waits."
    if not memories:
        return "No memory was replayed: none waits where turns of this agent keep them."
    said = f"{counted(memories, 'memory was', 'memories were')} replayed"
    return f"{said}, in {counted(groups, 'group', 'groups')}." if groups else f"{said}."


def counted(count: int, one: str, many: str) -> str:
    """A number with its word."""
    return f"{count} {one if count == 1 else many}"
