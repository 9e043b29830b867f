"""Statements on budgets for people: which apply to somebody, which there are, what they allow.

How they are counted stands in the functions of the migrations.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from servers.governor.domain.ledger import Amount, BudgetState
from servers.governor.domain.periods import COUNTED, Period
from servers.governor.domain.scopes import Scope, Subject
from servers.governor.ledger.store import LedgerStore, budget_of_row
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.governor", "sql/budgets.sql")
# The order in which scopes are listed.
_PLACES: Final = tuple(Scope)


@dataclass(frozen=True, slots=True)
class BudgetKey:
    """Which budget: whose it is and in which period. An empty id is each in the scope without one of its own."""

    scope: Scope
    scope_id: str
    period: Period

    @property
    def of_tenant(self) -> bool:
        """Whether it is one that every tenant has."""
        return self.scope is Scope.TENANT and self.period in COUNTED

    @property
    def place(self) -> tuple[int, str, str]:
        """Where it stands in a list."""
        return _PLACES.index(self.scope) + 1, self.scope_id, self.period.value


@dataclass(frozen=True, slots=True)
class BudgetFilter:
    """Which budgets are listed; None for all."""

    scope: Scope | None = None
    scope_id: str | None = None


class BudgetStore:
    """Reads and sets budgets; each call runs in the caller's transaction."""

    def __init__(self, ledger: LedgerStore) -> None:
        self._ledger = ledger

    async def applying(
        self, connection: Connection, tenant: TenantId, subject: Subject, now: datetime
    ) -> tuple[tuple[BudgetState, ...], int]:
        """The tenant's budgets and those of the subject, and how many holds of the tenant are open."""
        own, open_holds = await self._ledger.list_budgets(connection, tenant, now)
        whose = (subject.user, subject.agent_id, subject.conversation_id)
        found = await connection.fetchval(_SQL.list_applying, tenant, *whose)
        return (*own, *states_of_json(found, now)), open_holds

    async def page(
        self,
        connection: Connection,
        tenant: TenantId,
        filters: BudgetFilter,
        after: tuple[int, str, str] | None,
        limit: int,
        now: datetime,
    ) -> list[BudgetState]:
        """So many budgets with a limit, in their order, behind a place."""
        scope = None if filters.scope is None else filters.scope.value
        values = (scope, filters.scope_id, None, *(after or (None, None, None)), limit)
        rows: Sequence[Any] = await connection.fetch(_SQL.list_page, tenant, *values)
        return [budget_of_row(row).at(now) for row in rows]

    async def set(
        self, connection: Connection, tenant: TenantId, key: BudgetKey, limit: Amount, hard: bool, now: datetime
    ) -> BudgetState:
        """Sets the limits of one budget and gives it with its counters; counters stay while a limit applies."""
        if key.of_tenant:
            await self._ledger.set_budget(connection, tenant, key.period, limit, hard, now)
            budgets, _ = await self._ledger.list_budgets(connection, tenant, now)
            return next(budget for budget in budgets if budget.period is key.period)
        # The tenant's own rows are what every change of the ledger locks first.
        await self._ledger.make_budgets(connection, tenant, now)
        whose = (key.scope.value, key.scope_id, key.period.value)
        await connection.execute(_SQL.set_scoped, tenant, *whose, limit.tokens, limit.micros, hard)
        rows: Sequence[Any] = await connection.fetch(_SQL.list_page, tenant, *whose, None, None, None, 1)
        if rows:
            return budget_of_row(rows[0]).at(now)
        return BudgetState(key.period, now, limit, hard, scope=key.scope, scope_id=key.scope_id)


def states_of_json(found: str | None, now: datetime) -> tuple[BudgetState, ...]:
    """Budgets as `scoped_states` gives them, as of now."""
    return tuple(budget_of_row(row).at(now) for row in orjson.loads(found)) if found else ()
