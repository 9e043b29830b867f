"""A memory and what is asked of the store, as values.

Nothing here knows a proto, a table or a vector.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final, TypeAlias
from uuid import UUID

# What a field of a payload may be compared with.
MetadataValue: TypeAlias = str | float | bool


class Kind(IntEnum):
    """What sort of knowledge a memory is; the numbers of `soma.memory.v1.MemoryKind`."""

    EPISODIC = 1
    SEMANTIC = 2
    PROCEDURAL = 3
    # Out of every list and recall that does not ask for it.
    HYPOTHESIS = 4


class Source(IntEnum):
    """Where a memory comes from; the numbers of `soma.memory.v1.SourceClass`."""

    USER_SAID = 1
    TOOL_VETTED = 2
    TOOL_EXTERNAL = 3
    MODEL_INFERRED = 4
    IMPORTED = 5


class Retired(IntEnum):
    """Why a memory went out of recall; the numbers of `memories.retire_reason`."""

    SUPERSEDED = 1
    SWEPT = 2
    CONSOLIDATED = 3
    CORRECTED = 4


DEFAULT_TRUST: Final[Mapping[Source, float]] = {
    Source.USER_SAID: 0.9,
    Source.TOOL_VETTED: 0.8,
    Source.IMPORTED: 0.7,
    Source.TOOL_EXTERNAL: 0.5,
    Source.MODEL_INFERRED: 0.5,
}
# So far a hypothesis is believed at most.
HYPOTHESIS_TRUST: Final = 0.2
DEFAULT_IMPORTANCE: Final = 0.5
# How much a memory gains when the same thing is said again.
REPEATED_IMPORTANCE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Memory:
    """One thing that is remembered. `payload` is JSON text or None; times are aware of UTC.

    `position` counts from 1 and is 0 for none; `hidden_by` is how many open quarantines hide it.
    """

    memory_id: UUID
    namespace: str
    owner_sub: str
    kind: Kind
    text: str
    payload: str | None
    subject: str
    speaker: str
    source: Source
    source_id: str
    conversation_id: UUID | None
    trust: float
    importance: float
    tags: tuple[str, ...]
    token_count: int
    learn_time: datetime
    valid_from: datetime
    valid_to: datetime | None = None
    access_count: int = 0
    access_time: datetime | None = None
    embedding_version: str = ""
    version: int = 1
    turn_id: UUID | None = None
    position: int = 0
    session_time: datetime | None = None
    coordinate: str = ""
    predicate: str = ""
    object: str = ""
    pinned: bool = False
    expire_time: datetime | None = None
    retire_time: datetime | None = None
    retire_reason: Retired | None = None
    superseded_by: UUID | None = None
    derived_from: tuple[UUID, ...] = ()
    hidden_by: int = 0
    # Whether the index of vectors has it as it is; None where nobody asked.
    indexed: bool | None = None


@dataclass(frozen=True, slots=True)
class RecallFilter:
    """Which memories count at all; empty and None mean no restriction.

    `valid_after` and `valid_before` bound a span of world time that a memory must touch; `metadata` are fields that its
    payload must have with these values. `as_of_valid` and `as_of_learn` are the times of both clocks, None for now.
    """

    namespaces: tuple[str, ...]
    kinds: tuple[Kind, ...] = ()
    tags: tuple[str, ...] = ()
    conversation_id: UUID | None = None
    min_importance: float = 0.0
    subject: str = ""
    min_trust: float = 0.0
    valid_after: datetime | None = None
    valid_before: datetime | None = None
    metadata: tuple[tuple[str, MetadataValue], ...] = ()
    as_of_valid: datetime | None = None
    as_of_learn: datetime | None = None
