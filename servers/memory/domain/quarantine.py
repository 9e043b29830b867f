"""A source that is hidden, as values. What follows from it is worked out in the database, by one rule."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Suspect:
    """What a quarantine names: one of the three."""

    memory_id: UUID | None = None
    conversation_id: UUID | None = None
    source_id: str | None = None


@dataclass(frozen=True, slots=True)
class Quarantine:
    """A quarantine with how many memories it hides, or hid when it was lifted."""

    quarantine_id: UUID
    suspect: Suspect
    reason: str
    owner_sub: str
    start_time: datetime
    end_time: datetime | None = None
    memory_count: int = 0


@dataclass(frozen=True, slots=True)
class Hidden:
    """An open quarantine with the memories that it hides, and the turns whose recall had used one of them."""

    quarantine: Quarantine
    memory_ids: list[UUID]
    turn_ids: list[UUID]
