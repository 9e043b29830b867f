"""Who gets events again, and what of them it has had.

Nothing here reads events or keeps a position.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, Self, TypeAlias
from uuid import UUID

from soma_common.events.consumption import Consumption, Effect
from soma_common.events.models import Event
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("soma_common.replay", "sql/replays.sql")

# Which of these events the tables of a target do not show; asked in a transaction of their tenant.
Lacks: TypeAlias = Callable[[Connection, Sequence[Event]], Awaitable[Collection[UUID]]]


@dataclass(frozen=True, slots=True)
class ReplayTarget:
    """A consumer of this house, or a handler by a name of its own.

    What it has had is in the inbox under its name, the one its consumer uses, so that an effect happens once, whoever
    was first. A target that keeps a row for every event, under a unique key, says by `lacks` what is missing there:
    then a table that was emptied is filled again.
    """

    name: str
    effect: Effect
    types: frozenset[str] | None = None
    lacks: Lacks | None = None

    @classmethod
    def of(cls, what: Consumption, lacks: Lacks | None = None) -> Self:
        """The target that a consumer is."""
        return cls(what.consumer, what.effect, what.types, lacks)

    def takes(self, event: Event) -> bool:
        """Whether it is for events of this type."""
        return self.types is None or event.event_type in self.types

    async def lacking(self, connection: Connection, events: Sequence[Event]) -> set[UUID]:
        """The ids of those events that it has not had."""
        if self.lacks is not None:
            return set(await self.lacks(connection, events))
        ids = [event.event_id for event in events]
        rows = await connection.fetch(_SQL.find_had, self.name, ids)
        return set(ids) - {row["event_id"] for row in rows}

    async def waiting(self, connection: Connection, tenant_id: TenantId, streams: Collection[str]) -> dict[str, int]:
        """The streams that wait in its dead letters, each from a sequence on: those have their own way."""
        rows = await connection.fetch(_SQL.find_letters, self.name, tenant_id, list(streams))
        return {row["stream"]: row["sequence"] for row in rows}

    async def apply(self, connection: Connection, event: Event) -> bool:
        """Have the effect unless it was had, and say which; all of it in the transaction that is given."""
        if self.lacks is not None and event.event_id not in await self.lacks(connection, [event]):
            return False
        taken = await connection.fetchrow(_SQL.take, self.name, event.event_id, event.tenant_id)
        if taken is None and self.lacks is None:
            return False
        await self.effect(connection, event)
        return True
