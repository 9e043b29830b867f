"""The history of a transport: what was published read again, or followed, without taking it from any consumer.

Nothing here knows PostgreSQL or Kafka; both promise the same.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Final

from soma_common.events.models import Event
from soma_common.replay.filters import EventFilters

CHUNK_EVENTS: Final = 200


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some events, and the place behind them from which reading goes on. Positions are words of the adapter."""

    events: Sequence[Event]
    position: str


class UnknownPositionError(ValueError):
    """A position that this history has not given out for this way of reading."""


class History(ABC):
    """What one tenant published. Readers see nothing of other tenants, whatever they ask for."""

    @abstractmethod
    def read(self, filters: EventFilters, behind: str = "", size: int = CHUNK_EVENTS) -> AsyncGenerator[Chunk, None]:
        """What is there, in the order of time: exactly within a stream, nearly so across streams.

        Each chunk but the last has `size` events; the last one may be empty, and behind its position there is nothing
        yet. A reader goes on at the position of any chunk. Raises TransportError, UnknownPositionError.
        """

    @abstractmethod
    def follow(self, filters: EventFilters, behind: str = "") -> AsyncGenerator[Chunk, None]:
        """What comes from now on, or behind the position of an earlier chunk of `follow`, until the reader ends.

        The first chunk comes at once and may be empty: its position is the beginning. No event is missed, and each
        stream is in order. Raises TransportError, UnknownPositionError.
        """

    @abstractmethod
    async def close(self) -> None:
        """End all connections."""
