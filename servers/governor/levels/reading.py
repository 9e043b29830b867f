"""Use case: at which level a tenant stands now, and why.

How a level moves stands in `domain/`; protos are made by `rpc/`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from servers.governor.configuration.current import Configurations
from servers.governor.domain.standing import Basis, LevelStatus, status_of
from servers.governor.ledger.store import budget_of_row
from servers.governor.levels.looks import RecentLooks
from servers.governor.levels.standings import KeptStanding, Move, StandingStore, kept_standing
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.governor", "sql/levels.sql")


@dataclass(frozen=True, slots=True)
class Reading:
    """A level as it is now, the rules it follows, and the standing it was read from."""

    status: LevelStatus
    good_checks_to_recover: int
    kept: KeptStanding

    @property
    def moved(self) -> bool:
        """Whether the level is another one than it was when it was kept."""
        return self.status.level is not self.kept.standing.state.level


@dataclass(frozen=True, slots=True)
class Levels:
    """Reads levels, and keeps those that moved although nobody spoke."""

    database: Database
    standings: StandingStore
    configurations: Configurations
    looks: RecentLooks
    clock: Clock
    ids: Ids

    async def get(self, tenant: TenantId) -> Reading:
        """The level of a tenant. Raises DATABASE_UNAVAILABLE."""
        rows = await self.database.tenant_read(tenant, _SQL.basis)
        return await self._read(tenant, orjson.loads(rows[0]["basis"]))

    async def get_many(self, tenants: Sequence[TenantId]) -> dict[TenantId, Reading]:
        """The levels of many tenants by one statement. Raises DATABASE_UNAVAILABLE."""
        rows = await self.database.worker_statement(_SQL.bases, list(tenants))
        return {
            tenant: await self._read(tenant, orjson.loads(row["basis"]))
            for row in rows
            for tenant in [TenantId(row["tenant_id"])]
        }

    async def keep(self, tenant: TenantId, reading: Reading) -> bool:
        """Writes a level that moved and tells of it; False where another process or a turn did so meanwhile."""
        status = reading.status
        move = Move(reading.kept, status.standing, status.reasons, str(self.ids.uuid7()))
        return await self.database.run(tenant, lambda connection: self.standings.move(connection, tenant, move))

    async def _read(self, tenant: TenantId, basis: Mapping[str, Any]) -> Reading:
        rules = (await self.configurations.at_least(tenant, basis["config_version"])).rules
        view, now = self.looks.now(), self.clock.now()
        kept = kept_standing(basis["level"])
        status = status_of(kept.standing, Basis(rules, _budgets(basis, now), self.looks), view, now)
        return Reading(status, rules.good_checks_to_recover, kept)


def _budgets(basis: Mapping[str, Any], now: datetime) -> tuple[Any, ...]:
    return tuple(budget_of_row(row).at(now) for row in basis["budgets"] or ())
