"""What a memory was learned from, as far as it can be forgotten. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SourceRef:
    """A conversation, or else a single source by its id."""

    conversation_id: UUID | None = None
    source_id: str | None = None

    @property
    def key(self) -> str:
        """The name under which it is fenced."""
        return f"source/{self.source_id}" if self.conversation_id is None else f"conversation/{self.conversation_id}"


def sources_of(conversation_id: UUID | None, source_id: str) -> tuple[SourceRef, ...]:
    """Everything by which what comes from there can be forgotten."""
    conversation = () if conversation_id is None else (SourceRef(conversation_id=conversation_id),)
    return (*conversation, *((SourceRef(source_id=source_id),) if source_id else ()))


def begin_of(turn_id: UUID | None) -> datetime | None:
    """When a turn began, out of its id (UUIDv7); None where the id does not tell."""
    if turn_id is None or turn_id.version != 7:
        return None
    return _EPOCH + timedelta(milliseconds=turn_id.int >> 80)
