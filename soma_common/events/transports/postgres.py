"""The bus: events in a schema of PostgreSQL that relays of all houses write and every consumer reads.

Nothing here knows where events come from or what consumers do with them.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID
from zlib import crc32

import asyncpg

from soma_common.events.topics import TOPICS, Topic
from soma_common.events.transports.port import (
    Delivery,
    Envelope,
    Outcome,
    Shard,
    StreamKey,
    Subscription,
    Transport,
    TransportError,
)
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries

_SQL = Queries.of("soma_common.events", "sql/bus.sql")
LEASE_SECONDS: Final = 10.0
_LOOK_FIRST_SECONDS: Final = 0.02
_LOOK_SECONDS: Final = 2.0
# Another relay may publish the same events at the same moment; then they are there when one looks again.
_PUBLISH_TRIES: Final = 3
_SWEPT_AT_ONCE: Final = 5000


class PostgresTransport(Transport):
    """The bus. `relay` is opened as the role that writes, `reader` as the one that reads and keeps positions."""

    def __init__(
        self, relay: Database, reader: Database, clock: Clock, ids: Ids, *, lease_seconds: float = LEASE_SECONDS
    ) -> None:
        self._relay = relay
        self._reader = reader
        self._lease_seconds = lease_seconds
        self._clock = clock
        self._ids = ids

    async def publish(self, batch: Sequence[Envelope]) -> Outcome:
        """One statement for the batch: all of it is there, or nothing."""
        outcome, columns = Outcome(), _columns(batch)
        for _ in range(_PUBLISH_TRIES):
            try:
                await self._relay.worker_statement(_SQL.publish, *columns)
            except asyncpg.UniqueViolationError:
                outcome.broken = TransportError("other relays publish the same events at the same moment")
            except SomaError as problem:
                outcome.broken = TransportError(problem.sentence)
                break
            else:
                outcome.broken = None
                outcome.acknowledge(envelope.key for envelope in batch)
                break
        return outcome

    async def subscribe(self, consumer: str, topics: Sequence[Topic]) -> Subscription:
        """A new member of the consumer."""
        names, partitions = [topic.name for topic in topics], [topic.partitions for topic in topics]
        try:
            await self._reader.worker_statement(_SQL.introduce, consumer, names, partitions)
        except SomaError as problem:
            raise TransportError(problem.sentence) from problem
        member = _Member(consumer, self._ids.uuid4(), self._lease_seconds)
        return _BusSubscription(self._reader, member, names, self._clock)

    async def sweep(self) -> None:
        """Delete what every topic no longer has to keep, a piece at a time. Raises TransportError."""
        try:
            for topic in TOPICS:
                statement = _SQL.sweep_state if topic.state else _SQL.sweep
                kept_seconds = topic.retention.total_seconds()
                await self._relay.worker_statement(statement, topic.name, kept_seconds, _SWEPT_AT_ONCE)
        except SomaError as problem:
            raise TransportError(problem.sentence) from problem

    async def find_bodies(
        self, tenant_id: UUID, needles: Sequence[bytes], limit: int
    ) -> dict[tuple[str, int, int], bytes] | None:
        """By a look at every event of the tenant. Raises TransportError."""
        try:
            rows = await self._relay.worker_statement(_SQL.find_bodies, tenant_id, list(needles), limit)
        except SomaError as problem:
            raise TransportError(problem.sentence) from problem
        return {(row["topic"], row["shard"], row["position"]): row["body"] for row in rows}

    async def put_bodies(self, tenant_id: UUID, bodies: Mapping[tuple[str, int, int], bytes]) -> None:
        """One statement. Raises TransportError."""
        topics, shards, positions = (list(column) for column in zip(*bodies, strict=True))
        values = (tenant_id, topics, shards, positions, list(bodies.values()))
        try:
            await self._relay.worker_statement(_SQL.put_bodies, *values)
        except SomaError as problem:
            raise TransportError(problem.sentence) from problem

    async def close(self) -> None:
        """End all connections."""
        await self._relay.close()
        await self._reader.close()


def shard_of(topic: Topic, key: StreamKey) -> int:
    """The shard in which all events of a stream lie."""
    return crc32(key.wire) % topic.partitions


def _columns(batch: Sequence[Envelope]) -> tuple[Sequence[object], ...]:
    events = [envelope.event for envelope in batch]
    return (
        [envelope.topic.name for envelope in batch],
        [shard_of(envelope.topic, envelope.key) for envelope in batch],
        [event.tenant_id for event in events],
        [event.stream for event in events],
        [event.sequence for event in events],
        [event.event_id for event in events],
        [event.event_type for event in events],
        [event.timestamp for event in events],
        [event.service_id for event in events],
        [event.trace_id for event in events],
        [event.correlation_id for event in events],
        [envelope.body for envelope in batch],
    )


@dataclass(frozen=True, slots=True)
class _Member:
    """One reader of a consumer, and how long it may be silent."""

    consumer: str
    member: UUID
    lease_seconds: float


class _BusSubscription(Subscription):
    """Reads the shards that it holds a lease of, each behind its own cursor."""

    def __init__(self, database: Database, member: _Member, topics: Sequence[str], clock: Clock) -> None:
        self._database = database
        self._own = (member.consumer, member.member)
        self._lease_seconds = member.lease_seconds
        self._topics = topics
        self._clock = clock
        self._held_until = float("-inf")
        self._fences: dict[Shard, int] = {}
        self._cursors: dict[Shard, int] = {}
        self._pause = _LOOK_FIRST_SECONDS

    async def fetch(self, limit: int, wait_seconds: float) -> Sequence[Delivery]:
        """Looks at once, then ever more seldom as long as nothing comes, until the time is over."""
        until = self._clock.monotonic() + wait_seconds
        while True:
            try:
                found = await self._look(limit)
            except SomaError as problem:
                raise TransportError(problem.sentence) from problem
            rest = until - self._clock.monotonic()
            if found:
                self._pause = _LOOK_FIRST_SECONDS
            if found or rest <= 0:
                return found
            await asyncio.sleep(min(self._pause, rest))
            self._pause = min(self._pause * 2, _LOOK_SECONDS)

    async def _look(self, limit: int) -> Sequence[Delivery]:
        await self._hold()
        if not self._cursors:
            return ()
        topics, shards = [shard.topic for shard in self._cursors], [shard.number for shard in self._cursors]
        rows = await self._database.worker_statement(_SQL.fetch, topics, shards, list(self._cursors.values()), limit)
        found = [
            Delivery(Shard(row["topic"], row["shard"]), row["position"], row["body"], row["entry_time"]) for row in rows
        ]
        for delivery in found:
            self._cursors[delivery.shard] = delivery.position
        return found

    async def _hold(self) -> None:
        """Keeps the lease while more than half of it is over; a shard with a new fence begins at its position."""
        now = self._clock.monotonic()
        if now < self._held_until:
            return
        rows = await self._database.worker_statement(_SQL.hold, *self._own, self._topics, self._lease_seconds)
        fences = {Shard(row["topic"], row["shard"]): row["fence"] for row in rows}
        committed = {Shard(row["topic"], row["shard"]): row["position"] for row in rows}
        self._cursors = {
            shard: self._cursors[shard] if self._fences.get(shard) == fence else committed[shard]
            for shard, fence in fences.items()
        }
        self._fences = fences
        self._held_until = now + self._lease_seconds / 2

    async def commit(self, places: Mapping[Shard, int]) -> None:
        """Moves positions forward, never back, and only under the fence with which the shard was read."""
        mine = {shard: position for shard, position in places.items() if shard in self._fences}
        columns = (
            [shard.topic for shard in mine],
            [shard.number for shard in mine],
            list(mine.values()),
            [self._fences[shard] for shard in mine],
        )
        try:
            await self._database.worker_statement(_SQL.commit, *self._own, *columns)
        except SomaError as problem:
            raise TransportError(problem.sentence) from problem

    async def close(self) -> None:
        """Lets the shards go at once; when the database is away they come free by themselves."""
        self._cursors, self._fences, self._held_until = {}, {}, float("-inf")
        try:
            await self._database.worker_statement(_SQL.let_go, *self._own)
        except SomaError:
            return
