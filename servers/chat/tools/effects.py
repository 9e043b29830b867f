"""The ledger of calls in the database: a call is written before it is sent, and what came of it before it is told.

What a tool does and what a round means is not known here; nothing is decided here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from servers.chat.domain.arguments import arguments_hash
from servers.chat.domain.effects import Effect
from servers.chat.domain.model import ToolCallPart
from servers.chat.domain.rounds import CallResult, CallStatus
from servers.chat.means import Means
from servers.chat.turns.patience import until_written
from servers.chat.turns.running import RunningTurn
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.chat", "sql/tools.sql")


@dataclass(frozen=True, slots=True)
class LedgerCall:
    """A call as the ledger knows it: its place in the turn, and the hash of its canonical arguments."""

    call: ToolCallPart
    round: int
    position: int
    hash: str

    @classmethod
    def of(cls, call: ToolCallPart, round_number: int, position: int) -> "LedgerCall":
        """The call at its place."""
        return cls(call, round_number, position, arguments_hash(call.arguments_json))


@dataclass(frozen=True, slots=True)
class Before:
    """What a call was when it was claimed: an empty state where it is new; the result where it has one."""

    state: str
    result: CallResult | None


@dataclass(frozen=True, slots=True)
class StoredCall:
    """A call in the ledger, with its result once it has one, and what a person decided."""

    call: LedgerCall
    state: Effect
    result: CallResult | None
    decision: str = ""
    note: str = ""


class LostTurnError(Exception):
    """The turn does not run under this epoch any more: nothing was written."""


class Effects:
    """Writes the ledger of the turns that run here."""

    def __init__(self, means: Means) -> None:
        self._database = means.database
        self._clock = means.clock

    async def send(self, turn: RunningTurn, calls: Sequence[LedgerCall]) -> dict[str, Before]:
        """Claims calls in the moment before they are sent; says what each was before. Raises LostTurnError."""
        now = self._clock.now()
        values = (turn.turn_id, turn.lease_epoch, now, *call_columns(calls))
        rows = await self._write(turn, _SQL.send_calls, *values)
        if not rows:
            raise LostTurnError
        named = {each.call.call_id: each.call.name for each in calls}
        return {row["call_id"]: Before(row["was"], _result(row, named[row["call_id"]])) for row in rows}

    async def end(self, turn: RunningTurn, call: LedgerCall, result: CallResult) -> None:
        """Writes what came of a call. Raises LostTurnError."""
        state = Effect.UNKNOWN if result.status is CallStatus.UNKNOWN else Effect.DONE
        part = call.call
        values = (turn.turn_id, turn.lease_epoch, self._clock.now(), part.call_id, call.round, call.position, part.name)
        came = (part.arguments_json, call.hash, state, result.status, result.content, result.duration_milliseconds)
        rows = await self._write(turn, _SQL.end_call, *values, *came)
        if not rows[0]["ended"]:
            raise LostTurnError

    async def _write(self, turn: RunningTurn, statement: str, *values: object) -> Sequence[Any]:
        tenant = turn.order.caller.tenant_id
        return await until_written(
            lambda _again: self._database.tenant_statement(tenant, statement, *values),
            "the ledger of calls",
            turn.turn_id,
        )


def call_columns(calls: Sequence[LedgerCall]) -> tuple[list[object], ...]:
    """Calls as the columns of a statement."""
    return (
        [each.call.call_id for each in calls],
        [each.round for each in calls],
        [each.position for each in calls],
        [each.call.name for each in calls],
        [each.call.arguments_json for each in calls],
        [each.hash for each in calls],
    )


async def read_calls(connection: Connection, turn_id: UUID) -> tuple[StoredCall, ...]:
    """The calls of a turn, in order, inside a transaction."""
    return tuple(_stored(row) for row in await connection.fetch(_SQL.read_calls, turn_id))


def _stored(row: Any) -> StoredCall:
    part = ToolCallPart(row["call_id"], row["name"], row["arguments_json"])
    call = LedgerCall(part, row["round"], row["position"], row["arguments_hash"])
    return StoredCall(call, Effect(row["state"]), _result(row, row["name"]), row["decision"], row["note"])


def _result(row: Any, name: str) -> CallResult | None:
    if not row["status"]:
        return None
    return CallResult(row["call_id"], name, CallStatus(row["status"]), row["content"], row["duration_milliseconds"])
