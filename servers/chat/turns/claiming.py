"""Turns that this process did not begin: claiming one that no process holds, with everything needed to go on with it.

How it goes on stands in `engine.py`; nothing here calls another service.
"""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from google.protobuf.message import DecodeError

from servers.chat.domain.model import ModelProfile
from servers.chat.means import Means
from servers.chat.models.port import Models
from servers.chat.tools.effects import StoredCall, read_calls
from servers.chat.turns.acceptance import Accepted
from servers.chat.turns.acceptance_store import agent_of
from servers.chat.turns.journaled import Journaled, read_journaled
from servers.chat.turns.order import Order, read_order
from servers.chat.turns.queue_places import NotFreeError, QueuePlaces
from servers.chat.turns.store import TurnRow, turn_row
from soma.chat.v1 import turn_service_pb2 as turn_pb
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
    journaled: Journaled
    # the calls of tools that ran here, or wait for consent
    calls: tuple[StoredCall, ...] = ()


class StoredTurns:
    """Claims turns; of many who try, one gets it."""

    def __init__(self, means: Means, models: Models) -> None:
        self._database = means.database
        self._instance = means.instance
        self._clock = means.clock
        self._models = models
        self._places = QueuePlaces(means)

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
            if from_status == "queued":
                return await self._placed(connection, found)
            return await self._stored(connection, row, found, from_status)

        try:
            return await self._database.run(tenant, work)
        except NotFreeError:
            return None

    async def release(self, tenant: TenantId, turn_id: UUID, lease_epoch: int) -> None:
        """Lets go of a turn that this process runs: whoever looks next may claim it. Raises DATABASE_UNAVAILABLE."""
        await self._database.run(tenant, lambda it: it.execute(_SQL.release_turn, turn_id, lease_epoch))

    async def _placed(self, connection: Connection, found: Any) -> Stored | None:
        """A queued turn with its place; None when it was refused instead. Raises NotFreeError."""
        row = turn_row(found)
        order = _order(row, found["request"])
        if order is not None:
            profile = await self._models.look(connection, row.tenant_id, row.model)
            tokenizer = (profile or await self._models.profile(connection, row.tenant_id, "")).tokenizer
            if not await self._places.take(connection, row, order, tokenizer):
                return None
            found = {**found, **dict(await connection.fetchrow(_SQL.find_placed, row.turn_id) or {})}
            row = turn_row(found)
        stored = await self._stored(connection, row, found, "queued")
        if stored.accepted is not None:
            await self._places.tell(connection, stored.accepted)
        return stored

    async def _stored(self, connection: Connection, row: TurnRow, found: Any, from_status: str) -> Stored:
        return Stored(
            row=row,
            from_status=from_status,
            from_instance=found["from_instance"],
            accepted=await self._accepted(connection, row, found["request"]),
            journaled=await read_journaled(connection, row),
            calls=await read_calls(connection, row.turn_id),
        )

    async def _accepted(self, connection: Connection, row: TurnRow, request: bytes | None) -> Accepted | None:
        order = _order(row, request)
        version = await connection.fetchrow(_SQL.find_agent, row.agent_id, row.agent_version)
        profile: ModelProfile | None = await self._models.look(connection, row.tenant_id, row.model)
        agent, weights = (None, None) if version is None else agent_of(version)
        if order is None or agent is None or profile is None:
            return None
        place = await connection.fetchrow(_SQL.find_place, row.conversation_id)
        return Accepted(
            turn_id=row.turn_id,
            order=order,
            agent=agent,
            profile=profile,
            assistant_message_id=row.assistant_message_id,
            weights=weights,
            conversation_id=row.conversation_id,
            owner_sub=row.owner_sub if place is None else place["owner_sub"],
            user_message_id=row.user_message_id,
            parent_message_id=row.parent_message_id,
            leaf_before=row.leaf_before or row.parent_message_id,
            new_conversation=row.parent_message_id is None and order.conversation_id is None,
            lease_epoch=row.lease_epoch,
            asks_anew=row.asks_anew,
            replaces_message_id=row.replaces_message_id,
            untitled=place is not None and place["untitled"],
        )


def _order(row: TurnRow, request: bytes | None) -> Order | None:
    """The order as it was read first; None where the request is gone or is no request any more."""
    if request is None:
        return None
    try:
        return read_order(turn_pb.SendMessageRequest.FromString(request), row.caller)
    except (DecodeError, SomaError):
        return None
