"""The planner's tables: receipts, levels and what was learned, read and written by named statements.

Nothing here decides; budgets and holds stand in `ledger/store.py`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson

from servers.governor.domain.ledger import Amount, BudgetState
from servers.governor.domain.rates import RateRules
from servers.governor.domain.request import CallCounts, OutputCounts
from servers.governor.domain.rules import Level
from servers.governor.domain.scopes import NOBODY, Subject
from servers.governor.encoding.levels import level_message
from servers.governor.ledger.budget_store import states_of_json
from servers.governor.ledger.recent import RecentReceipts
from servers.governor.ledger.store import (
    NO_RATES,
    Hold,
    LedgerStore,
    OpenReceipt,
    Placed,
    amount_and_lease,
    budget_of_row,
    columns_of_legs,
    moments,
    placed_of_row,
)
from servers.governor.levels.standings import KeptStanding, kept_standing
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.governor", "sql/queries.sql")

# What happens in the transaction of a receipt that is opened.
Besides = Callable[[Connection], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class PlanningState:
    """What the store knows for a plan; `response` is the answer if the turn was planned before."""

    budgets: tuple[BudgetState, ...]
    scoped_budgets: tuple[BudgetState, ...]
    kept: KeptStanding
    config_version: int
    tool_calls: Mapping[str, CallCounts]
    output: OutputCounts
    response: bytes | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the state of a plan is read for."""

    turn_id: UUID
    model: str = ""
    tools: Sequence[str] = ()
    subject: Subject = NOBODY


@dataclass(frozen=True, slots=True)
class NewReceipt:
    """A receipt as it is opened, with the hold of leg 1; `plan` and `response` are serialised messages."""

    receipt_id: UUID
    turn_id: UUID
    hold: Hold
    plan_time: datetime
    subject: Subject
    model: str
    lanes_planned: Sequence[int]
    predicted_output_tokens: int
    aiq_predicted: float
    plan: bytes
    response: bytes
    level: Level
    rates: RateRules = NO_RATES


@dataclass(frozen=True, slots=True)
class Lessons:
    """What a settled turn teaches the planner: calls by tool, and how long the model's answer was."""

    tool_calls: Mapping[str, CallCounts]
    output_tokens: int


@dataclass(frozen=True, slots=True)
class Closing:
    """How a receipt is closed; `events` is what `append_events` needs to tell of it."""

    aiq_observed: float
    settle_time: datetime
    lessons: Lessons
    events: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class SettledTurn:
    """A turn that went as planned: what it used by leg, and its receipt with the second half."""

    turn_id: UUID
    legs: Mapping[int, Amount]
    receipt: OpenReceipt


@dataclass(frozen=True, slots=True)
class AsPlanned:
    """What was held for it, the tenant's budgets after it, and how many holds are open."""

    held_tokens: int
    budgets: tuple[BudgetState, ...]
    open_holds: int


class PlanStore:
    """Every statement on plans and receipts; those that take a connection run in the caller's transaction."""

    def __init__(self, database: Database, ledger: LedgerStore) -> None:
        self._database = database
        self._ledger = ledger
        self._recent = RecentReceipts()

    async def read_planning_state(self, tenant: TenantId, wanted: Wanted, now: datetime) -> PlanningState:
        """The state in one round trip; a tenant's first one makes its budgets."""
        row = await self._snapshot(tenant, wanted)
        if row["budgets"] is None:
            await self._database.run(tenant, lambda connection: self._ledger.make_budgets(connection, tenant, now))
            row = await self._snapshot(tenant, wanted)
        standing = orjson.loads(row["standing"])
        calls = orjson.loads(row["tool_calls"]) if row["tool_calls"] else {}
        return PlanningState(
            budgets=tuple(budget_of_row(budget).at(now) for budget in orjson.loads(row["budgets"])),
            scoped_budgets=states_of_json(row["scoped_budgets"], now),
            kept=kept_standing(standing["level"]),
            config_version=standing["config_version"],
            tool_calls={name: CallCounts(*counts) for name, counts in calls.items()},
            output=OutputCounts(*orjson.loads(row["output"])) if row["output"] else OutputCounts(),
            response=row["response"],
        )

    async def _snapshot(self, tenant: TenantId, wanted: Wanted) -> Any:
        subject = wanted.subject
        whose = (subject.user, subject.agent_id, subject.conversation_id)
        values = (list(wanted.tools), wanted.model, wanted.turn_id, *whose)
        rows = await self._database.tenant_read(tenant, _SQL.read_snapshot, *values)
        return rows[0]

    async def open_receipt(self, tenant: TenantId, new: NewReceipt, besides: Besides | None = None) -> Placed:
        """Holds leg 1 and opens the receipt: in one round trip, or in a transaction with what is to be done besides.

        Nothing is done besides where the turn was planned before. Raises BUDGET_EXHAUSTED, RATE_LIMITED.
        """
        values = (
            new.hold.hold_id,
            new.turn_id,
            *amount_and_lease(new.hold),
            *moments(new.plan_time),
            new.receipt_id,
            new.subject.user,
            new.model,
            list(new.lanes_planned),
            new.predicted_output_tokens,
            new.aiq_predicted,
            new.plan,
            new.response,
            new.subject.agent_id,
            new.subject.conversation_id,
            new.rates.columns,
            int(level_message(new.level)),
        )
        if besides is None:
            rows: list[Any] = await self._database.tenant_statement(tenant, _SQL.open_receipt, *values)
            placed = placed_of_row(rows[0], new.hold.leg, new.plan_time)
        else:
            placed = await self._database.run(tenant, partial(_open_with, tenant, new, values, besides))
        if not placed.repeated:
            self._recent.put(tenant, new.turn_id, _opened(new))
        return placed

    async def read_response(self, tenant: TenantId, turn_id: UUID) -> bytes | None:
        """The answer to PlanTurn that was given before."""
        response: bytes | None = (await self._snapshot(tenant, Wanted(turn_id)))["response"]
        return response

    async def close_receipt(
        self,
        connection: Connection,
        tenant: TenantId,
        turn_id: UUID,
        receipt: OpenReceipt,
        closing: Closing,
    ) -> bool | None:
        """Writes the second half of the receipt (`receipt.settlement`), what the planner learns, and the event.

        Answers what a person had said of the answer before, None for nothing.
        """
        values = (*_closing_columns(receipt, closing), *closing.events)
        row: Any = await connection.fetchrow(_SQL.close_receipt, tenant, turn_id, *values)
        feedback: bool | None = row["feedback"]
        return feedback

    async def find_open_receipt(self, tenant: TenantId, turn_id: UUID) -> OpenReceipt | None:
        """The receipt of a turn that is not settled yet: from memory, or in one round trip."""
        known = self._recent.take(tenant, turn_id)
        if known is not None:
            return known
        rows = await self._database.tenant_read(tenant, _SQL.find_open_receipt, turn_id)
        return OpenReceipt(**rows[0]) if rows else None

    async def settle_as_planned(
        self, tenant: TenantId, turn: SettledTurn, closing: Closing, answer: tuple[object, ...]
    ) -> AsPlanned | None:
        """Books a turn and closes its receipt in one round trip of its own, with the answer to keep for its repeats.

        None, and nothing done, where it did not go as planned: another leg, more than held, settled or rated before.
        """
        _, day, month = moments(closing.settle_time)
        booked = (*columns_of_legs(turn.legs), closing.settle_time, day, month)
        values = (*booked, *_closing_columns(turn.receipt, closing), *answer, *closing.events)
        try:
            (row,) = await self._database.tenant_statement(tenant, _SQL.settle_as_planned, turn.turn_id, *values)
        except asyncpg.UniqueViolationError:
            # Somebody answered this very request meanwhile.
            return None
        if row["outcome"] != "settled":
            return None
        budgets = tuple(budget_of_row(budget).at(closing.settle_time) for budget in orjson.loads(row["budgets"]))
        return AsPlanned(row["held_tokens"], budgets, row["open_holds"])


async def _open_with(
    tenant: TenantId, new: NewReceipt, values: Sequence[object], besides: Besides, connection: Connection
) -> Placed:
    row: Any = await connection.fetchrow(_SQL.open_receipt, tenant, *values)
    placed = placed_of_row(row, new.hold.leg, new.plan_time)
    if not placed.repeated:
        await besides(connection)
    return placed


def _opened(new: NewReceipt) -> OpenReceipt:
    return OpenReceipt(new.receipt_id, new.model, new.lanes_planned, new.predicted_output_tokens, None)


def _closing_columns(receipt: OpenReceipt, closing: Closing) -> tuple[object, ...]:
    """What `close_receipt` takes after the turn."""
    lessons, calls = closing.lessons, closing.lessons.tool_calls
    return (
        receipt.settlement,
        closing.aiq_observed,
        closing.settle_time,
        list(calls),
        [counts.attempts for counts in calls.values()],
        [counts.successes for counts in calls.values()],
        receipt.model,
        lessons.output_tokens,
    )
