"""The ledger's tables: budgets and holds, changed only by the functions of the migrations, under their lock.

Nothing here decides whether a hold fits; `domain/ledger.py` says the same in values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import orjson

from servers.governor.domain.ledger import Amount, BudgetState, Refusal, budget_exhausted
from servers.governor.domain.periods import COUNTED, Period, period_start
from servers.governor.domain.rates import RateRefusal, RateRules, rate_limited
from servers.governor.domain.scopes import Scope, Subject
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.governor", "sql/queries.sql")
NO_RATES: Final = RateRules()


@dataclass(frozen=True, slots=True)
class Hold:
    """Tokens and money set aside for one model call."""

    hold_id: UUID
    leg: int
    amount: Amount
    lease_expire_time: datetime


@dataclass(frozen=True, slots=True)
class HoldOwner:
    """Whose hold it is; for a later call of a turn the statement knows its agent and conversation."""

    owner_id: UUID
    is_turn: bool
    subject: Subject


class Unheld(StrEnum):
    """Why an owner gets no hold: it was settled, or it is a turn without a plan, or a job under the id of a turn."""

    SETTLED = "settled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Placed:
    """The answer of the ledger to a hold; `repeated` when the owner's leg had it before."""

    hold: Hold
    repeated: bool


@dataclass(frozen=True, slots=True)
class Booking:
    """What a settlement did to the ledger; `repeated` when it had been done before."""

    used: Amount
    debt_tokens: int
    held_tokens: int
    repeated: bool


@dataclass(frozen=True, slots=True)
class OpenReceipt:
    """What a settlement needs of a receipt; `settlement` is set when it was settled before."""

    receipt_id: UUID
    model: str
    lanes_planned: Sequence[int]
    predicted_output_tokens: int
    settlement: bytes | None


@dataclass(frozen=True, slots=True)
class Booked:
    """A booking with the owner's receipt, if it is a turn, and the budgets after it."""

    booking: Booking
    receipt: OpenReceipt | None
    budgets: tuple[BudgetState, ...]
    open_holds: int


@dataclass(frozen=True, slots=True)
class Released:
    """Tokens of the holds that were closed, and what was booked of them."""

    held_tokens: int
    booked_tokens: int


class LedgerStore:
    """Every statement on budgets and holds; those that take a connection run in the caller's transaction."""

    def __init__(self, default_day_limit: Amount) -> None:
        self._default_day_limit = default_day_limit

    async def make_budgets(self, connection: Connection, tenant: TenantId, now: datetime) -> None:
        """A row for each period, the day's with the default limit; rows that exist stay."""
        day = self._default_day_limit
        limits = [day if period is Period.DAY else Amount() for period in COUNTED]
        await connection.execute(
            _SQL.make_budgets,
            tenant,
            [period.value for period in COUNTED],
            [period_start(period, now) for period in COUNTED],
            [limit.tokens for limit in limits],
            [limit.micros for limit in limits],
        )

    async def hold_leg(
        self,
        database: Database,
        tenant: TenantId,
        owner: HoldOwner,
        hold: Hold,
        now: datetime,
        rates: RateRules = NO_RATES,
    ) -> Placed | Unheld:
        """Holds a leg in everything that bounds it, in one round trip of its own; a tenant's first makes its budgets.

        Raises BUDGET_EXHAUSTED, RATE_LIMITED.
        """
        subject = owner.subject
        whose = (owner.is_turn, subject.user, subject.agent_id, subject.conversation_id, rates.columns)
        values = (hold.hold_id, owner.owner_id, hold.leg, *amount_and_lease(hold), *moments(now), *whose)
        rows: list[Any] = await database.tenant_statement(tenant, _SQL.hold_leg, *values)
        if rows[0]["outcome"] == "unbudgeted":
            await database.run(tenant, lambda connection: self.make_budgets(connection, tenant, now))
            rows = await database.tenant_statement(tenant, _SQL.hold_leg, *values)
        if rows[0]["outcome"] in set(Unheld):
            return Unheld(rows[0]["outcome"])
        return placed_of_row(rows[0], hold.leg, now)

    async def settle(
        self, connection: Connection, tenant: TenantId, owner_id: UUID, legs: Mapping[int, Amount], now: datetime
    ) -> Booked | None:
        """Books the use of an owner's legs and releases its other holds; None when it never had a hold."""
        _, day, month = moments(now)
        row: Any = await connection.fetchrow(
            _SQL.settle_owner,
            tenant,
            owner_id,
            *columns_of_legs(legs),
            now,
            day,
            month,
        )
        if row["outcome"] == "unknown":
            return None
        used = Amount(row["used_tokens"], row["used_micros"])
        return Booked(
            Booking(used, row["debt_tokens"], row["held_tokens"], row["outcome"] == "repeated"),
            None if row["receipt_id"] is None else OpenReceipt(**{name: row[name] for name in OpenReceipt.__slots__}),
            tuple(budget_of_row(budget).at(now) for budget in orjson.loads(row["budgets"])),
            row["open_holds"],
        )

    async def release(
        self,
        database: Database,
        tenant: TenantId,
        owner: tuple[UUID, bool],
        legs: Mapping[int, Amount],
        last_leg: int,
        now: datetime,
    ) -> Released | None:
        """Books legs of an owner (its id, and whether it is a turn) and gives back its holds up to the last leg.

        One round trip of its own. None where nothing was held.
        """
        moment, day, month = moments(now)
        values = (*columns_of_legs(legs), last_leg, moment, day, month)
        (row,) = await database.tenant_statement(tenant, _SQL.release_holds, *owner, *values)
        return None if row["outcome"] == "unknown" else Released(row["held_tokens"], row["used_tokens"])

    async def list_budgets(
        self, connection: Connection, tenant: TenantId, now: datetime
    ) -> tuple[tuple[BudgetState, ...], int]:
        """All budgets as of now, and how many holds are open."""
        rows: list[Any] = await connection.fetch(_SQL.list_budgets, tenant, now)
        budgets = tuple(budget_of_row(row).at(now) for row in rows)
        return budgets, rows[0]["open_holds"] if rows else 0

    async def set_budget(
        self, connection: Connection, tenant: TenantId, period: Period, limit: Amount, hard: bool, now: datetime
    ) -> None:
        """Sets the limits of a period; its counters stay."""
        await self.make_budgets(connection, tenant, now)
        _, day, month = moments(now)
        await connection.execute(_SQL.lock_budgets, tenant, day, month)
        await connection.execute(_SQL.set_budget, tenant, period.value, limit.tokens, limit.micros, hard)

    async def list_tenants_with_expired(self, connection: Connection, now: datetime) -> list[TenantId]:
        """Tenants with holds whose lease has expired; for the worker role."""
        return [TenantId(row["tenant_id"]) for row in await connection.fetch(_SQL.list_tenants_with_expired, now)]

    async def return_expired(self, connection: Connection, tenant: TenantId, now: datetime) -> int:
        """Gives back a tenant's expired holds, each once; returns how many."""
        _, day, month = moments(now)
        await connection.execute(_SQL.lock_budgets, tenant, day, month)
        returned: int = await connection.fetchval(_SQL.return_expired, tenant, now)
        return returned


def lease_end(now: datetime, timeout_seconds: float) -> datetime:
    """When a hold falls back: twice the time the work may take."""
    return now + timedelta(seconds=2 * timeout_seconds)


def amount_and_lease(hold: Hold) -> tuple[int, int, datetime]:
    """The arguments that a statement needs of a hold."""
    return hold.amount.tokens, hold.amount.micros, hold.lease_expire_time


def columns_of_legs(legs: Mapping[int, Amount]) -> tuple[list[int], list[int], list[int]]:
    """Uses by leg as columns."""
    return list(legs), [used.tokens for used in legs.values()], [used.micros for used in legs.values()]


def moments(now: datetime) -> tuple[datetime, datetime, datetime]:
    """Now, and when its day and its month began."""
    return now, period_start(Period.DAY, now), period_start(Period.MONTH, now)


def budget_of_row(row: Mapping[str, Any]) -> BudgetState:
    """A row of `budgets`, from a statement or from JSON."""
    start, is_scoped = row["window_start"], "scope" in row
    return BudgetState(
        scope=Scope(row["scope"]) if is_scoped else Scope.TENANT,
        scope_id=row["scope_id"] if is_scoped else "",
        period=Period(row["period"]),
        start=datetime.fromisoformat(start) if isinstance(start, str) else start,
        limit=Amount(row["limit_tokens"], row["limit_micros"]),
        hard=row["hard"],
        used=Amount(row["used_tokens"], row["used_micros"]),
        held=Amount(row["held_tokens"], row["held_micros"]),
        debt=Amount(row["debt_tokens"], row["debt_micros"]),
    )


def placed_of_row(row: Mapping[str, Any], leg: int, now: datetime) -> Placed:
    """The answer of a hold. Raises BUDGET_EXHAUSTED, RATE_LIMITED."""
    if row["outcome"] == "refused":
        spent, allowed, until = row["spent"], row["allowed"], row["held_until"]
        raise budget_exhausted(
            Refusal(Period(row["period"]), row["unit"], spent, allowed, Scope(row["scope"]), until), now
        )
    if row["outcome"] == "limited":
        wait = row["wait_seconds"]
        raise rate_limited(RateRefusal(Scope(row["scope"]), row["unit"], row["spent"], row["allowed"], wait))
    hold = Hold(row["hold_id"], leg, Amount(row["tokens"], row["micros"]), row["lease_expire_time"])
    return Placed(hold, row["outcome"] == "repeated")
