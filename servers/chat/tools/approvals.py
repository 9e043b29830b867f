"""Consent to tools: listed, decided once by a person or by the end of its time, and the turn goes on from there.

Any process decides and goes on, however long ago the question was asked.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from servers.chat.domain.effects import MOVES, Effect, Move
from servers.chat.domain.turn import Step
from servers.chat.means import Means
from servers.chat.turns.claiming import StoredTurns
from servers.chat.turns.engine import Turns
from servers.chat.turns.stream import numbered, pack
from soma.chat.v1 import turn_event_pb2
from soma.events.v1 import payloads_pb2
from soma_common.events.models import EventDraft
from soma_common.kernel.errors import SomaError, not_found
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller, TenantId, service_caller
from soma_common.logging import get_logger
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries
from soma_common.rpc.call import acting_as
from soma_common.rpc.idempotency import Once

_SQL: Final = Queries.of("servers.chat", "sql/tools.sql")
_JOURNAL: Final = Queries.of("servers.chat", "sql/journal.sql")
_LOG: Final = get_logger("soma.chat.approvals")
Reply = TypeVar("Reply", bound=Message)

# How often requests are looked for that lapse, and turns that nobody went on with.
LOOK_SECONDS: Final = 1.0
APPROVE: Final = "approve"
DENY: Final = "deny"
POLICY: Final = "policy"
_LAPSED: Final = "Nobody decided in time."


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decides about a call; `arguments_hash` None decides about whatever waits there."""

    turn_id: UUID
    call_id: str
    decision: str
    arguments_hash: str | None
    note: str
    by: str


@dataclass(frozen=True, slots=True)
class PendingCall:
    """A call that waits for consent, and where it belongs."""

    turn_id: UUID
    call_id: str
    name: str
    arguments_json: str
    arguments_hash: str
    sentence: str
    expire_time: datetime
    create_time: datetime
    conversation_id: UUID
    agent_id: UUID
    title: str


# create_time, turn_id and call_id of the last one of a page
Place = tuple[datetime, UUID, str]


class Approvals:
    """Decides about calls and lets their turns go on."""

    def __init__(self, means: Means, stored: StoredTurns, turns: Turns) -> None:
        self._database = means.database
        self._events = means.events
        self._clock = means.clock
        self._stored = stored
        self._turns = turns

    async def pending(
        self, caller: Caller, conversation_id: UUID | None, after: Place | None, limit: int
    ) -> list[PendingCall]:
        """What waits for consent, oldest first."""
        place = after or (None, None, None)
        values = (caller.owner_filter, conversation_id, *place, limit)
        rows = await self._database.run(caller.tenant_id, lambda it: it.fetch(_SQL.list_approvals, *values))
        return [PendingCall(**{name: row[name] for name in PendingCall.__slots__}) for row in rows]

    async def resolve(self, caller: Caller, decision: Decision, reply: Callable[[str], Reply]) -> Reply:
        """Decides, and goes on with the turn once nothing of it waits any more.

        Raises RESOURCE_NOT_FOUND, CALL_RESOLVED, APPROVAL_MISMATCH.
        """

        async def work(connection: Connection) -> tuple[bool, Reply]:
            goes_on = await self._decide(connection, caller.tenant_id, caller.owner_filter, decision)
            answer = reply("running" if goes_on else "waiting")
            await Once.current().record(connection, answer)
            return goes_on, answer

        goes_on, answer = await self._database.run(caller.tenant_id, work)
        if goes_on:
            await self.go_on(caller.tenant_id, decision.turn_id)
        return answer

    async def go_on(self, tenant: TenantId, turn_id: UUID) -> bool:
        """Goes on with a turn that waits; False when somebody else did."""
        stored = await self._stored.claim(tenant, turn_id, "waiting")
        if stored is None:
            return False
        self._turns.go_on(stored)
        return True

    async def run(self) -> None:
        """Looks again and again, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except SomaError as error:
                _LOG.info("requests for consent wait for the database", reason=error.reason.value)

    async def look(self) -> None:
        """Lets requests lapse whose time is over, and goes on with turns that wait for nobody any more."""
        for row in await self._database.worker_statement(_JOURNAL.list_lapsed):
            await self._lapse(TenantId(row["tenant_id"]), row["turn_id"], row["call_id"])
        for row in await self._database.worker_statement(_JOURNAL.list_decided):
            await self.go_on(TenantId(row["tenant_id"]), row["turn_id"])

    async def _lapse(self, tenant: TenantId, turn_id: UUID, call_id: str) -> None:
        decision = Decision(turn_id, call_id, DENY, None, _LAPSED, POLICY)
        with acting_as(service_caller("chat", tenant), str(turn_id)):
            try:
                await self._database.run(tenant, lambda it: self._decide(it, tenant, None, decision))
            except SomaError as error:
                if error.reason not in (Reason.CALL_RESOLVED, Reason.RESOURCE_NOT_FOUND):
                    raise
                _LOG.debug("a request was decided before it lapsed", turn_id=str(turn_id))

    async def _decide(self, connection: Connection, tenant: TenantId, owner: str | None, decision: Decision) -> bool:
        """Whether nothing of the turn waits any more. The first decision holds; the same one again changes nothing."""
        turn = await connection.fetchrow(_SQL.lock_turn, decision.turn_id, owner)
        if turn is None:
            raise not_found("turn", decision.turn_id)
        call = await connection.fetchrow(_SQL.find_call, decision.turn_id, decision.call_id)
        if call is None or call["expire_time"] is None:
            raise not_found("approval", decision.call_id)
        if decision.arguments_hash not in (None, call["arguments_hash"]):
            raise SomaError(Reason.APPROVAL_MISMATCH, {"call_id": decision.call_id})
        if call["decision"] == decision.decision:
            return bool(turn["status"] != "waiting" or not await self._waiting(connection, decision.turn_id))
        if call["decision"] or call["state"] != Effect.WAITING or turn["status"] != "waiting":
            raise SomaError(Reason.CALL_RESOLVED, {"call_id": decision.call_id})
        await self._write(connection, tenant, turn, call["name"], call["arguments_hash"], decision)
        return not await self._waiting(connection, decision.turn_id)

    async def _waiting(self, connection: Connection, turn_id: UUID) -> int:
        return int(await connection.fetchval(_SQL.count_waiting, turn_id))

    async def _write(
        self, connection: Connection, tenant: TenantId, turn: Any, tool: str, digest: str, decision: Decision
    ) -> None:
        approved = decision.decision == APPROVE
        state = MOVES[Effect.WAITING, Move.APPROVED if approved else Move.DENIED]
        result = ("", "") if approved else ("denied", denial(decision))
        key = (decision.turn_id, decision.call_id)
        await connection.execute(_SQL.decide_call, *key, decision.decision, decision.by, decision.note, state, *result)
        sequence, now = turn["last_sequence"] + 1, self._clock.now()
        event = numbered(str(decision.turn_id), sequence, now, Step.APPROVAL_RESOLVED, _resolved(decision))
        await connection.execute(
            _SQL.append_event, tenant, decision.turn_id, sequence, turn["lease_epoch"], pack([event])
        )
        payload = payloads_pb2.ApprovalChanged(
            turn_id=str(decision.turn_id),
            conversation_id=str(turn["conversation_id"]),
            agent_id=str(turn["agent_id"]),
            call_id=decision.call_id,
            tool=tool,
            arguments_hash=digest,
            decision=decision.decision,
            decided_by=decision.by,
        )
        stream = f"conversation/{turn['conversation_id']}"
        draft = EventDraft("approval.resolved", stream, payload, turn["correlation_id"])
        await self._events.append(connection, tenant, [draft])


def denial(decision: Decision) -> str:
    """What the model reads of a call that may not run."""
    if decision.by == POLICY:
        return "It was not run: nobody consented to it in time. Answer without it."
    note = f" They say: {decision.note}" if decision.note else ""
    return f"It was not run: the person did not consent to it.{note} Answer without it."


def _resolved(decision: Decision) -> turn_event_pb2.ApprovalResolved:
    approved = decision.decision == APPROVE
    number = turn_event_pb2.APPROVAL_DECISION_APPROVE if approved else turn_event_pb2.APPROVAL_DECISION_DENY
    return turn_event_pb2.ApprovalResolved(
        call_id=decision.call_id, decision=number, decided_by=decision.by, note=decision.note
    )
