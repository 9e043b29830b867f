"""The outbox as a relay sees it: leases of shards, the next events of each stream, and marks.

Nothing here knows a transport.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from soma_common.events.models import Event
from soma_common.events.rows import event_of_row
from soma_common.events.transports.port import StreamKey
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries

_SQL = Queries.of("soma_common.events", "sql/relay.sql")
COUNTED_WAITING: Final = 10_000
STREAMS_AT_ONCE: Final = 256
EVENTS_OF_A_STREAM: Final = 250
EVENTS_AT_ONCE: Final = 1000
BEGINNING: Final = StreamKey(UUID(int=0), "")


@dataclass(frozen=True, slots=True)
class Waiting:
    """The next events of one stream, and the sequence up to which it is published."""

    key: StreamKey
    shard: int
    published: int
    events: Sequence[Event]

    @property
    def is_dense(self) -> bool:
        """Whether these are the very next events: last + 1, last + 2, and so on."""
        return all(event.sequence == self.published + place for place, event in enumerate(self.events, 1))


class Outbox:
    """The outbox of one house, for one relay by the name `holder`."""

    def __init__(self, database: Database, holder: UUID) -> None:
        self._database = database
        self._holder = holder

    async def count(self) -> int:
        """How many events wait, counted up to ten thousand."""
        rows = await self._database.worker_statement(_SQL.count_waiting, COUNTED_WAITING)
        return int(rows[0]["count"])

    async def has_any(self) -> bool:
        """Whether an event waits; the one question of an idle relay."""
        rows = await self._database.worker_statement(_SQL.has_waiting)
        return bool(rows)

    async def hold(self, lease_seconds: float) -> Mapping[int, int]:
        """Take the shards that are free and prolong those that are held; returns the fence of each."""
        rows = await self._database.worker_statement(_SQL.hold, self._holder, lease_seconds)
        return {row["shard"]: row["fence"] for row in rows}

    async def let_go(self) -> None:
        """Give all shards back."""
        await self._database.worker_statement(_SQL.let_go, self._holder)

    async def read(self, shards: Collection[int], stopped: Collection[StreamKey], behind: StreamKey) -> list[Waiting]:
        """The next events of streams in these shards, in the order of the streams' keys, behind one of them."""
        rows = await self._database.worker_statement(
            _SQL.read,
            behind.tenant_id,
            behind.stream,
            list(shards),
            [key.tenant_id for key in stopped],
            [key.stream for key in stopped],
            STREAMS_AT_ONCE,
            EVENTS_OF_A_STREAM,
            EVENTS_AT_ONCE,
        )
        streams: dict[StreamKey, list[Any]] = {}
        for row in rows:
            streams.setdefault(StreamKey(row["tenant_id"], row["stream"]), []).append(row)
        return [
            Waiting(key, own[0]["shard"], own[0]["published"], [event_of_row(row) for row in own])
            for key, own in streams.items()
        ]

    async def mark(self, fences: Mapping[int, int], published: Sequence[tuple[StreamKey, int, int]]) -> set[StreamKey]:
        """Say that of each stream everything from `first` to `last` is published; returns the streams it holds for.

        A stream whose shard was taken by another, or that is no longer where it was, is left as it is.
        """
        rows = await self._database.worker_statement(
            _SQL.mark,
            self._holder,
            list(fences),
            list(fences.values()),
            [key.tenant_id for key, _, _ in published],
            [key.stream for key, _, _ in published],
            [first for _, first, _ in published],
            [last for _, _, last in published],
        )
        return {StreamKey(row["tenant_id"], row["stream"]) for row in rows}
