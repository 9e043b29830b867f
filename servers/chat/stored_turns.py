"""Turns that this process did not begin: claiming one that no process holds, with everything needed to go on with it.

How it goes on stands in `turns.py`; nothing here calls another service.
"""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from google.protobuf.message import DecodeError

from servers.chat.acceptance import Accepted
from servers.chat.acceptance_store import agent_of
from servers.chat.domain.model import ModelProfile
from servers.chat.means import Means
from servers.chat.models import Models
from servers.chat.order import Order, read_order
from servers.chat.store import TurnRow, journal_rows, turn_row
from servers.chat.stream import Numbered, unpack
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.chat", "sql/takeover.sql")


@dataclass(frozen=True, slots=True)
class Stored:
    """A claimed turn: it runs under this process' epoch, and no task works on it yet.

    `accepted` is None where it cannot be answered any more: its request, its agent or its model is gone.
    """

    row: TurnRow
    from_status: str
    from_instance: str
    accepted: Accepted | None
    # what was told, dense from 1
    events: tuple[Numbered, ...]
    # what is known to be used: the last draft in the journal, and the number of the first event beside it
    settlement: governor_pb.SettleTurnRequest | None
    settlement_sequence: int = 0


class StoredTurns:
    """Claims turns; of many who try, one gets it."""

    def __init__(self, means: Means, models: Models) -> None:
        self._database = means.database
        self._instance = means.instance
        self._clock = means.clock
        self._models = models

    async def claim(
        self, tenant: TenantId, turn_id: UUID, from_status: str, lease_epoch: int | None = None
    ) -> Stored | None:
        """Moves a turn from 'running' (under that epoch), 'waiting' or 'queued' here; None when it is not so.

        A queued turn takes its conversation's place with it. Raises DATABASE_UNAVAILABLE.
        """

        async def work(connection: Connection) -> Stored | None:
            owner = (self._instance.name, self._instance.epoch, self._clock.now())
            found = await connection.fetchrow(_SQL.claim_turn, turn_id, from_status, lease_epoch, *owner)
            if found is None:
                return None
            row = turn_row(found)
            if from_status == "queued" and row.conversation_id is not None:
                place = await connection.fetchval(_SQL.take_place, row.conversation_id, turn_id)
                if place is None:
                    raise _NotFreeError
            return await self._stored(connection, row, found, from_status)

        try:
            return await self._database.run(tenant, work)
        except _NotFreeError:
            return None

    async def _stored(self, connection: Connection, row: TurnRow, found: Any, from_status: str) -> Stored:
        events: list[Numbered] = []
        settlement, beside = None, 0
        while batch := await journal_rows(connection, row.turn_id, events[-1].sequence if events else 0):
            for entry in batch:
                if entry.settlement is not None:
                    settlement, beside = entry.settlement, entry.first_sequence
                events.extend(unpack(entry.events))
        return Stored(
            row=row,
            from_status=from_status,
            from_instance=found["from_instance"],
            accepted=await self._accepted(connection, row, found["request"]),
            events=tuple(events),
            settlement=None if settlement is None else governor_pb.SettleTurnRequest.FromString(settlement),
            settlement_sequence=beside,
        )

    async def _accepted(self, connection: Connection, row: TurnRow, request: bytes | None) -> Accepted | None:
        order = _order(row, request)
        version = await connection.fetchrow(_SQL.find_agent, row.agent_id, row.agent_version)
        profile: ModelProfile | None = await self._models.look(connection, row.tenant_id, row.model)
        agent, weights = (None, None) if version is None else agent_of(version)
        if order is None or agent is None or profile is None:
            return None
        owner = await connection.fetchval(_SQL.find_owner, row.conversation_id)
        return Accepted(
            turn_id=row.turn_id,
            order=order,
            agent=agent,
            profile=profile,
            assistant_message_id=row.assistant_message_id,
            weights=weights,
            conversation_id=row.conversation_id,
            owner_sub=owner or row.owner_sub,
            user_message_id=row.user_message_id,
            parent_message_id=row.parent_message_id,
            leaf_before=row.parent_message_id,
            new_conversation=row.parent_message_id is None and order.conversation_id is None,
            lease_epoch=row.lease_epoch,
        )


def _order(row: TurnRow, request: bytes | None) -> Order | None:
    """The order as it was read first; None where the request is gone or is no request any more."""
    if request is None:
        return None
    try:
        return read_order(turn_pb.SendMessageRequest.FromString(request), row.caller)
    except (DecodeError, SomaError):
        return None


class _NotFreeError(Exception):
    """The place of a queued turn is taken: the claim is rolled back."""
