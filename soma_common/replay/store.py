"""Replays by their names: what each goes over and where it is.

Nothing here reads events or has effects.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from soma_common.kernel.errors import SomaError, invalid_field
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries
from soma_common.replay.filters import EventFilters
from soma_common.replay.progress import Counts

_SQL: Final = Queries.of("soma_common.replay", "sql/replays.sql")


@dataclass(frozen=True, slots=True)
class KnownReplay:
    """A replay as its row has it."""

    target: str
    filters: EventFilters
    position: str
    counts: Counts
    ended: bool


class ReplayStore:
    """The replays of one house."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, tenant_id: TenantId, name: str) -> KnownReplay:
        """A replay by its name. Raises SomaError(RESOURCE_NOT_FOUND)."""
        async with self._database.transaction(tenant_id) as connection:
            return await self._find(connection, tenant_id, name)

    async def begin(self, name: str, target: str, filters: EventFilters, now: datetime) -> KnownReplay:
        """Go on with the replay of this name, or begin it: one that has ended begins anew.

        Filters without an end mean the end that the replay of this name has, or `now` when it begins. Raises
        SomaError(INVALID_FIELD) when the name is that of a replay over other events or to another target.
        """
        tenant_id, bounded = filters.tenant_id, replace(filters, until=filters.until or now)

        async def work(connection: Connection) -> KnownReplay:
            await connection.execute(_SQL.begin, tenant_id, name, target, json.dumps(bounded.to_object()))
            known = await self._find(connection, tenant_id, name)
            same = filters if filters.until is not None else replace(filters, until=known.filters.until)
            if known.target != target or known.filters != same:
                rule = "a replay of this name goes over other events; resume that one or take another name"
                raise invalid_field("replay_name", rule)
            if not known.ended:
                return known
            await connection.execute(_SQL.begin_anew, tenant_id, name, json.dumps(bounded.to_object()))
            return KnownReplay(target, bounded, "", Counts(), ended=False)

        return await self._database.run(tenant_id, work)

    async def move_on(self, tenant_id: TenantId, name: str, position: str, counts: Counts, *, ended: bool) -> None:
        """Keep where a replay is."""
        values = (tenant_id, name, position, json.dumps(counts.to_object()), ended)
        await self._database.run(tenant_id, lambda connection: connection.execute(_SQL.move_on, *values))

    async def _find(self, connection: Connection, tenant_id: TenantId, name: str) -> KnownReplay:
        row = await connection.fetchrow(_SQL.find, tenant_id, name)
        if row is None:
            raise SomaError(Reason.RESOURCE_NOT_FOUND, {"resource": "replay", "id": name})
        filters = EventFilters.of_object(tenant_id, json.loads(row["filters"]))
        counts = Counts.of_object(json.loads(row["counts"]))
        return KnownReplay(row["target"], filters, row["position"], counts, row["end_time"] is not None)


async def sweep_replays(database: Database, kept_seconds: float) -> None:
    """Forget replays that have not moved for so long."""
    await database.worker_statement(_SQL.sweep, kept_seconds)
