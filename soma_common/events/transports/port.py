"""The transport of events: what a relay hands over, what a consumer gets, and what an adapter promises.

Nothing here knows PostgreSQL or Kafka.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Self
from uuid import UUID

from soma.events.v1 import event_pb2 as event_pb
from soma_common.events.codec import from_message, to_message
from soma_common.events.models import Event
from soma_common.events.topics import Topic


class StreamKey(NamedTuple):
    """A stream of a tenant; the order of events is kept within it."""

    tenant_id: UUID
    stream: str

    @property
    def wire(self) -> bytes:
        """The bytes by which a transport keeps a stream together."""
        return f"{self.tenant_id}/{self.stream}".encode()


class Shard(NamedTuple):
    """A part of a topic within which positions count: a shard of the bus, a partition of Kafka."""

    topic: str
    number: int


class TransportError(Exception):
    """The transport cannot be reached or does not serve; nothing is known about what was under way."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event on its way out, with the bytes that every adapter carries."""

    topic: Topic
    key: StreamKey
    event: Event
    body: bytes

    @classmethod
    def of(cls, topic: Topic, event: Event) -> Self:
        """The envelope of an event."""
        key = StreamKey(event.tenant_id, event.stream)
        return cls(topic, key, event, to_message(event).SerializeToString())


@dataclass(slots=True)
class Outcome:
    """What became of a batch: how many events of each stream are safe, and why others are not.

    `failed` names the streams with an event that cannot be taken; `broken` is set when the transport itself failed.
    """

    acknowledged: dict[StreamKey, int] = field(default_factory=dict)
    failed: dict[StreamKey, str] = field(default_factory=dict)
    broken: TransportError | None = None

    def acknowledge(self, keys: Iterable[StreamKey]) -> None:
        """Count one event of each of these streams as safe."""
        for key in keys:
            self.acknowledged[key] = self.acknowledged.get(key, 0) + 1


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event that came in, as it lay in the transport."""

    shard: Shard
    position: int
    body: bytes
    time: datetime
    headers: Mapping[str, bytes] = field(default_factory=dict)

    def event(self) -> Event:
        """The event in it. Raises ValueError for bytes that are no event."""
        try:
            return from_message(event_pb.Event.FromString(self.body))
        except Exception as problem:
            raise ValueError(f"the bytes are not an event: {problem}") from problem


class Subscription(ABC):
    """A consumer's place in some topics. Members of one consumer share the shards; a shard has one reader at a time."""

    @abstractmethod
    async def fetch(self, limit: int, wait_seconds: float) -> Sequence[Delivery]:
        """The next events, in the order of their shard, each once; empty after `wait_seconds` without any.

        Begins behind what was committed: what was fetched and not committed comes again after the reader's end.
        Raises TransportError.
        """

    @abstractmethod
    async def commit(self, places: Mapping[Shard, int]) -> None:
        """Say that everything up to and with these positions is done. A reader that lost the shard commits nothing.

        Raises TransportError.
        """

    @abstractmethod
    async def close(self) -> None:
        """Give the shards back."""


class Transport(ABC):
    """Carries events of all services to whoever subscribes. At least once, in order per stream."""

    @abstractmethod
    async def publish(self, batch: Sequence[Envelope]) -> Outcome:
        """Put events where a loss of power does not reach them, those of a stream in the order given.

        What cannot be taken (too large) stops its own stream only. Nothing is raised: a transport that broke says so in
        the outcome. Then any part of what was not acknowledged may be there too, and giving it again is the answer.
        """

    @abstractmethod
    async def subscribe(self, consumer: str, topics: Sequence[Topic]) -> Subscription:
        """Read topics as this consumer, from the beginning when it is new. Raises TransportError."""

    @abstractmethod
    async def sweep(self) -> None:
        """Forget what the topics no longer have to keep; a transport that does so by itself has nothing to do."""

    async def find_bodies(
        self, tenant_id: UUID, needles: Sequence[bytes], limit: int
    ) -> dict[tuple[str, int, int], bytes] | None:
        """Events of a tenant whose bytes have one of these in them, by topic, shard and position; reads all of them.

        None where what was published cannot be changed. Raises TransportError.
        """
        return None

    async def put_bodies(self, tenant_id: UUID, bodies: Mapping[tuple[str, int, int], bytes]) -> None:
        """Put other bytes in the place of some events, which keep their place. Raises TransportError."""
        raise TransportError("what was published here cannot be changed")

    @abstractmethod
    async def close(self) -> None:
        """End all connections."""
