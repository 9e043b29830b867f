"""The planner's tables: receipts, levels and what was learned, read and written by named statements.

Nothing here decides; budgets and holds stand in `ledger_store.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from servers.governor.domain.ledger import BudgetState
from servers.governor.domain.levels import LevelState
from servers.governor.domain.request import CallCounts, OutputCounts
from servers.governor.domain.rules import Level
from servers.governor.ledger_store import (
    Hold,
    LedgerStore,
    Placed,
    amount_and_lease,
    budget_of_row,
    moments,
    placed_of_row,
)
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.governor", "sql/queries.sql")


@dataclass(frozen=True, slots=True)
class PlanningState:
    """What the store knows for a plan; `response` is the answer if the turn was planned before."""

    budgets: tuple[BudgetState, ...]
    level_state: LevelState
    level_version: int
    tool_calls: Mapping[str, CallCounts]
    output: OutputCounts
    response: bytes | None


@dataclass(frozen=True, slots=True)
class OwnerState:
    """What became of the owner of a hold."""

    is_planned: bool
    is_settled: bool


@dataclass(frozen=True, slots=True)
class NewReceipt:
    """A receipt as it is opened; `plan` and `response` are serialised messages."""

    receipt_id: UUID
    owner_sub: str
    model: str
    lanes_planned: Sequence[int]
    predicted_output_tokens: int
    aiq_predicted: float
    plan: bytes
    response: bytes


@dataclass(frozen=True, slots=True)
class OpenReceipt:
    """What a settlement needs of a receipt; `settlement` is set when it was settled before."""

    receipt_id: UUID
    model: str
    lanes_planned: Sequence[int]
    predicted_output_tokens: int
    settlement: bytes | None


@dataclass(frozen=True, slots=True)
class Lessons:
    """What a settled turn teaches the planner: calls by tool, and how long the model's answer was."""

    tool_calls: Mapping[str, CallCounts]
    output_tokens: int


class PlanStore:
    """Every statement on plans and receipts; each runs in the caller's transaction."""

    def __init__(self, ledger: LedgerStore) -> None:
        self._ledger = ledger

    async def read_planning_state(
        self, connection: Connection, tenant: TenantId, turn_id: UUID, model: str, tools: Sequence[str], now: datetime
    ) -> PlanningState:
        """The state in one statement; a tenant's first one makes its budgets."""
        row: Any = await connection.fetchrow(_SQL.read_snapshot, tenant, list(tools), model, turn_id)
        if row["budgets"] is None:
            await self._ledger.make_budgets(connection, tenant, now)
            row = await connection.fetchrow(_SQL.read_snapshot, tenant, list(tools), model, turn_id)
        level = orjson.loads(row["level"]) if row["level"] else None
        calls = orjson.loads(row["tool_calls"]) if row["tool_calls"] else {}
        return PlanningState(
            budgets=tuple(budget_of_row(budget).at(now) for budget in orjson.loads(row["budgets"])),
            level_state=LevelState() if level is None else _level_state(level),
            level_version=0 if level is None else level["version"],
            tool_calls={name: CallCounts(*counts) for name, counts in calls.items()},
            output=OutputCounts(*orjson.loads(row["output"])) if row["output"] else OutputCounts(),
            response=row["response"],
        )

    async def open_receipt(
        self, connection: Connection, tenant: TenantId, turn_id: UUID, hold: Hold, receipt: NewReceipt, now: datetime
    ) -> Placed:
        """Holds leg 1 and opens the receipt in one statement. Raises BUDGET_EXHAUSTED."""
        row: Any = await connection.fetchrow(
            _SQL.open_receipt,
            tenant,
            hold.hold_id,
            turn_id,
            *amount_and_lease(hold),
            *moments(now),
            receipt.receipt_id,
            receipt.owner_sub,
            receipt.model,
            list(receipt.lanes_planned),
            receipt.predicted_output_tokens,
            receipt.aiq_predicted,
            receipt.plan,
            receipt.response,
        )
        return placed_of_row(row, 1, now)

    async def read_response(self, connection: Connection, tenant: TenantId, turn_id: UUID) -> bytes | None:
        """The answer to PlanTurn that was given before."""
        response: bytes | None = await connection.fetchval(_SQL.read_response, tenant, turn_id)
        return response

    async def find_owner(self, connection: Connection, tenant: TenantId, owner_id: UUID) -> OwnerState:
        """Whether the owner is a planned turn, and whether it was settled."""
        row: Any = await connection.fetchrow(_SQL.find_owner, tenant, owner_id)
        return OwnerState(**row)

    async def save_level(self, connection: Connection, tenant: TenantId, version: int, state: LevelState) -> bool:
        """Writes the level over the version that was read; False when somebody else wrote meanwhile."""
        status: str = await connection.execute(
            _SQL.save_level, tenant, version, int(state.level), state.good_checks, int(state.worst_of_streak)
        )
        return status.endswith(" 1")

    async def find_open_receipt(self, connection: Connection, tenant: TenantId, turn_id: UUID) -> OpenReceipt | None:
        """The receipt of a turn, for its settlement."""
        row: Any = await connection.fetchrow(_SQL.find_turn_of_settlement, tenant, turn_id)
        return None if row is None else OpenReceipt(**row)

    async def close_receipt(
        self,
        connection: Connection,
        tenant: TenantId,
        turn_id: UUID,
        receipt: OpenReceipt,
        aiq_observed: float,
        lessons: Lessons,
        now: datetime,
    ) -> None:
        """Writes the second half of the receipt (`receipt.settlement`) and what the planner learns."""
        calls = lessons.tool_calls
        await connection.execute(
            _SQL.close_receipt,
            tenant,
            turn_id,
            receipt.settlement,
            aiq_observed,
            now,
            list(calls),
            [counts.attempts for counts in calls.values()],
            [counts.successes for counts in calls.values()],
            receipt.model,
            lessons.output_tokens,
        )

    async def find_receipt(
        self, connection: Connection, tenant: TenantId, identifier: UUID
    ) -> tuple[bytes, str] | None:
        """The bytes of a receipt, by its id or its turn's, and whose it is."""
        row: Any = await connection.fetchrow(_SQL.find_receipt, tenant, identifier)
        return None if row is None else (row["plan"] + (row["settlement"] or b""), row["owner_sub"])


def _level_state(row: Mapping[str, Any]) -> LevelState:
    return LevelState(Level(row["level"]), row["good_checks"], Level(row["worst_of_streak"]))
