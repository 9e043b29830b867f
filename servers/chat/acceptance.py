"""Taking a turn in: one transaction stores the user's message, the turn and `turn.started`, or finds that it was there.

Nothing here plans or answers.
"""

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from servers.chat.aside import aside
from servers.chat.domain.agent import Agent
from servers.chat.domain.model import ModelProfile
from servers.chat.means import Means
from servers.chat.models import Models
from servers.chat.order import Order
from servers.chat.store import (
    AlreadyStored,
    Place,
    Weights,
    error_columns,
    find_agent,
    insert_default_agent,
    insert_turn,
    lock_conversation,
)
from soma.events.v1 import payloads_pb2
from soma_common.events.models import EventDraft
from soma_common.kernel.errors import SomaError, not_found
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId, default_agent_id
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries
from soma_common.tokens import tokenizer_for

_SQL: Final = Queries.of("servers.chat", "sql/turns.sql")
# A database that stays away for longer refuses the turn.
PATIENCE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Accepted:
    """A turn that is stored and may be answered."""

    turn_id: UUID
    order: Order
    agent: Agent
    profile: ModelProfile
    assistant_message_id: UUID
    # the retrieval weights of the agent's last modulation
    weights: Weights | None = None
    conversation_id: UUID | None = None
    # whose the conversation is
    owner_sub: str = ""
    user_message_id: UUID | None = None
    parent_message_id: UUID | None = None
    # the leaf that the conversation had before
    leaf_before: UUID | None = None
    new_conversation: bool = False
    lease_epoch: int = 0

    @property
    def tenant(self) -> TenantId:
        """Whose turn it is."""
        return self.order.caller.tenant_id

    @property
    def stream(self) -> str:
        """The stream of its events."""
        return f"turn/{self.turn_id}" if self.conversation_id is None else f"conversation/{self.conversation_id}"


@dataclass(frozen=True, slots=True)
class Known:
    """The request was seen before: its turn."""

    turn_id: UUID


@dataclass(frozen=True, slots=True)
class Refused:
    """The request is refused before anything was stored but the refusal."""

    error: SomaError


Acceptance = Accepted | Known | Refused


class Acceptances:
    """Stores turns that are asked for."""

    def __init__(self, means: Means, models: Models) -> None:
        self._database = means.database
        self._events = means.events
        self._models = models
        self._instance = means.instance
        self._clock = means.clock
        self._ids = means.ids

    async def accept(self, turn_id: UUID, order: Order) -> Acceptance:
        """Stores the turn under this id, once per request_id.

        Raises RESOURCE_NOT_FOUND, REQUEST_ID_REUSED, DATABASE_UNAVAILABLE.
        """
        caller = order.caller
        made: Acceptance | None = None

        async def work(connection: Connection) -> Acceptance:
            nonlocal made
            known = await connection.fetchrow(_SQL.find_request, caller.sub, order.request_id)
            if known is None:
                made = await self._store(connection, turn_id, order)
                return made
            if made is not None and known["turn_id"] == turn_id:
                # The commit whose answer was lost had gone through.
                return made
            if known["body_hash"] != order.body_hash:
                raise SomaError(Reason.REQUEST_ID_REUSED, {"request_id": str(order.request_id)})
            return Known(known["turn_id"])

        until = self._clock.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return await self._database.run(caller.tenant_id, work)
            except AlreadyStored:
                continue  # somebody else stored the same request at the same moment; now it is to be seen
            except SomaError as error:
                if error.reason is not Reason.DATABASE_UNAVAILABLE or self._clock.monotonic() > until:
                    raise

    async def _store(self, connection: Connection, turn_id: UUID, order: Order) -> Acceptance:
        place = await _place(connection, order)
        agent, weights = await self._agent(connection, order, place)
        wanted = order.model_profile_id or agent.model_profile_id
        profile = await self._models.profile(connection, order.caller.tenant_id, wanted)
        # Messages are listed by their ids: the answer's must be the larger one, also within a millisecond.
        message_id, answer_id = sorted((self._ids.uuid7(), self._ids.uuid7()))
        accepted = Accepted(turn_id, order, agent, profile, answer_id, weights, owner_sub=order.caller.sub)
        accepted = replace(accepted, lease_epoch=self._instance.epoch)
        if place is not None:
            accepted = replace(accepted, conversation_id=place.conversation_id, owner_sub=place.owner_sub)
            refusal = _refusal(place)
            if refusal is not None:
                await self._insert_turn(connection, accepted)
                await connection.execute(_SQL.refuse_turn, turn_id, *error_columns(refusal), self._clock.now(), False)
                return Refused(refusal)
        if order.transcript is None:
            accepted = await self._insert_message(connection, replace(accepted, user_message_id=message_id), place)
        await self._insert_turn(connection, accepted)
        await self._events.append(connection, accepted.tenant, _drafts(accepted))
        return accepted

    async def _agent(self, connection: Connection, order: Order, place: Place | None) -> tuple[Agent, Weights | None]:
        tenant = order.caller.tenant_id
        default_id = default_agent_id(tenant)
        agent_id = order.agent_id or (place.agent_id if place is not None else default_id)
        found = await find_agent(connection, agent_id)
        if found is None and agent_id == default_id:
            await insert_default_agent(connection, tenant, Agent(default_id), self._clock.now())
            found = await find_agent(connection, agent_id)
        if found is None or found[0].archived:
            raise not_found("agent", agent_id)
        return found

    async def _insert_message(self, connection: Connection, accepted: Accepted, place: Place | None) -> Accepted:
        order, now = accepted.order, self._clock.now()
        parent = order.parent_message_id or (None if place is None else place.current_leaf_id)
        conversation_id = accepted.conversation_id or self._ids.uuid7()
        message_id = accepted.user_message_id
        if place is None:
            values = (
                accepted.tenant,
                conversation_id,
                accepted.owner_sub,
                accepted.agent.agent_id,
                message_id,
                accepted.turn_id,
            )
            await connection.execute(_SQL.insert_conversation, *values, now)
        else:
            if parent is not None and not await connection.fetchval(_SQL.message_exists, conversation_id, parent):
                raise not_found("message", parent)
            await connection.execute(_SQL.occupy_conversation, conversation_id, accepted.turn_id, message_id, now)
        tokenizer = tokenizer_for(accepted.profile.tokenizer)
        tokens = await aside(order.size_bytes, tokenizer.count, order.text)
        row = (accepted.tenant, message_id, accepted.owner_sub, conversation_id, parent, accepted.turn_id)
        await connection.execute(_SQL.insert_user_message, *row, list(order.parts), tokens, tokenizer.name, now)
        return replace(
            accepted,
            conversation_id=conversation_id,
            parent_message_id=parent,
            leaf_before=None if place is None else place.current_leaf_id,
            new_conversation=place is None,
        )

    async def _insert_turn(self, connection: Connection, accepted: Accepted) -> None:
        order = accepted.order
        who = (order.caller.sub, order.request_id, order.body_hash, str(order.request_id))
        rights = (sorted(order.caller.roles), sorted(order.caller.scopes))
        what = (accepted.conversation_id, accepted.agent.agent_id, accepted.agent.version)
        messages = (accepted.user_message_id, accepted.parent_message_id, accepted.assistant_message_id)
        owner = (self._instance.name, accepted.lease_epoch, accepted.profile.profile_id)
        values = (
            accepted.tenant,
            accepted.turn_id,
            *who,
            *rights,
            *what,
            *messages,
            "running",
            *owner,
            self._clock.now(),
        )
        await insert_turn(connection, values)


async def _place(connection: Connection, order: Order) -> Place | None:
    if order.conversation_id is None:
        return None
    place = await lock_conversation(connection, order.conversation_id, order.caller.owner_filter)
    if place is None:
        raise not_found("conversation", order.conversation_id)
    return place


def _refusal(place: Place) -> SomaError | None:
    if place.status != "active":
        return SomaError(Reason.CONVERSATION_CLOSED, {"status": place.status})
    if place.running_turn_id is not None:
        return SomaError(Reason.CONVERSATION_BUSY, {"turn_id": str(place.running_turn_id)})
    return None


def _drafts(accepted: Accepted) -> list[EventDraft]:
    correlation_id = str(accepted.order.request_id)
    conversation_id = str(accepted.conversation_id or "")
    started = payloads_pb2.TurnStarted(
        turn_id=str(accepted.turn_id), conversation_id=conversation_id, agent_id=str(accepted.agent.agent_id)
    )
    drafts = [EventDraft("turn.started", accepted.stream, started, correlation_id)]
    if accepted.new_conversation:
        made = payloads_pb2.ResourceChanged(
            resource="conversation", resource_id=conversation_id, changed_by=accepted.order.caller.sub
        )
        drafts.insert(0, EventDraft("conversation.created", accepted.stream, made, correlation_id))
    return drafts
