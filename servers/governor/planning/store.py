"""The planner's tables: receipts, levels and what was learned, read and written by named statements.

Nothing here decides; budgets and holds stand in `ledger/store.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from servers.governor.domain.ledger import BudgetState
from servers.governor.domain.rates import RateRules
from servers.governor.domain.request import CallCounts, OutputCounts
from servers.governor.domain.scopes import NOBODY, Subject
from servers.governor.ledger.budget_store import states_of_json
from servers.governor.ledger.store import (
    NO_RATES,
    Hold,
    LedgerStore,
    OpenReceipt,
    Placed,
    amount_and_lease,
    budget_of_row,
    moments,
    placed_of_row,
)
from servers.governor.levels.standings import KeptStanding, kept_standing
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.governor", "sql/queries.sql")


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
class OwnerState:
    """What became of the owner of a hold."""

    is_planned: bool
    is_settled: bool


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


class PlanStore:
    """Every statement on plans and receipts; those that take a connection run in the caller's transaction."""

    def __init__(self, database: Database, ledger: LedgerStore) -> None:
        self._database = database
        self._ledger = ledger

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

    async def open_receipt(self, connection: "Connection | None", tenant: TenantId, new: NewReceipt) -> Placed:
        """Holds leg 1 and opens the receipt, in one round trip of its own without a connection.

        Raises BUDGET_EXHAUSTED, RATE_LIMITED.
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
        )
        if connection is None:
            rows: list[Any] = await self._database.tenant_statement(tenant, _SQL.open_receipt, *values)
        else:
            rows = await connection.fetch(_SQL.open_receipt, tenant, *values)
        return placed_of_row(rows[0], new.hold.leg, new.plan_time)

    async def read_response(self, tenant: TenantId, turn_id: UUID) -> bytes | None:
        """The answer to PlanTurn that was given before."""
        response: bytes | None = (await self._snapshot(tenant, Wanted(turn_id)))["response"]
        return response

    async def find_owner(self, connection: Connection, tenant: TenantId, owner_id: UUID) -> OwnerState:
        """Whether the owner is a planned turn, and whether it was settled."""
        row: Any = await connection.fetchrow(_SQL.find_owner, tenant, owner_id)
        return OwnerState(**row)

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
        lessons = closing.lessons
        calls = lessons.tool_calls
        row: Any = await connection.fetchrow(
            _SQL.close_receipt,
            tenant,
            turn_id,
            receipt.settlement,
            closing.aiq_observed,
            closing.settle_time,
            list(calls),
            [counts.attempts for counts in calls.values()],
            [counts.successes for counts in calls.values()],
            receipt.model,
            lessons.output_tokens,
            *closing.events,
        )
        feedback: bool | None = row["feedback"]
        return feedback
