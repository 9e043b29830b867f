"""Taking a turn in: one transaction stores the user's message, the turn and `turn.started`, or finds that it was there.

Nothing here plans or answers.
"""

from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from servers.chat.acceptance_store import AcceptanceStore, Seen
from servers.chat.allowance import Allowance
from servers.chat.aside import aside
from servers.chat.domain.agent import Agent
from servers.chat.domain.model import ModelProfile
from servers.chat.means import Means
from servers.chat.models import Models
from servers.chat.order import Order
from servers.chat.store import AlreadyStored, Place, Weights
from soma.events.v1 import payloads_pb2
from soma_common.events.models import EventDraft
from soma_common.kernel.errors import SomaError, not_found
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId, default_agent_id
from soma_common.limits import Counting
from soma_common.tokens import tokenizer_for

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

    def __init__(self, means: Means, models: Models, allowance: Allowance) -> None:
        self._allowance = allowance
        self._database = means.database
        self._store = AcceptanceStore(means.database, means.events)
        self._events = means.events
        self._models = models
        self._instance = means.instance
        self._clock = means.clock
        self._ids = means.ids

    async def accept(self, turn_id: UUID, order: Order) -> Acceptance:
        """Stores the turn under this id, once per request_id: looked for and stored in one round trip each.

        Raises RESOURCE_NOT_FOUND, REQUEST_ID_REUSED, RATE_LIMITED, DATABASE_UNAVAILABLE.
        """
        made: Accepted | None = None
        counting: Counting | None = None
        until = self._clock.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                seen = await self._store.look(order)
                if seen.turn_id is not None:
                    if made is not None and seen.turn_id == turn_id:
                        # The commit whose answer was lost had gone through.
                        return made
                    return _known(order, seen.turn_id, seen.body_hash)
                made = await self._judge(turn_id, order, seen)
                refusal = None if seen.place is None else _refusal(seen.place)
                if refusal is not None:
                    bare = replace(made, user_message_id=None, parent_message_id=None)
                    told = refusal_fact(bare, refusal)
                    await self._store.refuse(self._row(bare), refusal, told, self._clock.now())
                    return Refused(refusal)
                counting = counting or await self._allowance.take(order.caller)
                row = await self._row_and_message(made)
                taken = await self._store.take_in(made.tenant, row, self._told(made), counting)
                if taken.outcome == "stored":
                    return made
                if taken.wait_seconds is not None:
                    raise self._allowance.refused(order.caller, taken.wait_seconds)
                # Somebody else was quicker with the same request or in the same conversation; now it is to be seen.
            except AlreadyStored:
                continue
            except SomaError as error:
                if error.reason is not Reason.DATABASE_UNAVAILABLE or self._clock.monotonic() > until:
                    raise

    async def _judge(self, turn_id: UUID, order: Order, seen: Seen) -> Accepted:
        place, parent = seen.place, order.parent_message_id
        if order.conversation_id is not None and place is None:
            raise not_found("conversation", order.conversation_id)
        agent, weights = await self._agent(order, seen)
        profile = await self._profile(order.caller.tenant_id, order.model_profile_id or agent.model_profile_id)
        # Messages are listed by their ids: the answer's must be the larger one, also within a millisecond.
        message_id, answer_id = sorted((self._ids.uuid7(), self._ids.uuid7()))
        accepted = Accepted(turn_id, order, agent, profile, answer_id, weights, owner_sub=order.caller.sub)
        accepted = replace(accepted, lease_epoch=self._instance.epoch)
        if order.transcript is not None:
            return accepted
        if place is None:
            conversation_id = self._ids.uuid7()
            return replace(
                accepted,
                conversation_id=conversation_id,
                user_message_id=message_id,
                parent_message_id=parent,
                new_conversation=True,
            )
        if parent is not None and not seen.parent_exists and _refusal(place) is None:
            raise not_found("message", parent)
        return replace(
            accepted,
            conversation_id=place.conversation_id,
            owner_sub=place.owner_sub,
            user_message_id=message_id,
            parent_message_id=parent or place.current_leaf_id,
            leaf_before=place.current_leaf_id,
        )

    async def _profile(self, tenant: TenantId, profile_id: str) -> ModelProfile:
        known = self._models.known(tenant, profile_id)
        if known is not None:
            return known
        return await self._database.run(tenant, lambda it: self._models.profile(it, tenant, profile_id))

    async def _agent(self, order: Order, seen: Seen) -> tuple[Agent, Weights | None]:
        tenant, place = order.caller.tenant_id, seen.place
        default_id = default_agent_id(tenant)
        agent_id = order.agent_id or (place.agent_id if place is not None else default_id)
        if seen.agent is None and agent_id == default_id:
            await self._store.make_default_agent(tenant, Agent(default_id), self._clock.now())
            seen = await self._store.look(order)
            if seen.turn_id is not None:
                raise AlreadyStored
        if seen.agent is None or seen.agent.archived:
            raise not_found("agent", agent_id)
        return seen.agent, seen.weights

    def _row(self, accepted: Accepted) -> tuple[object, ...]:
        order, caller = accepted.order, accepted.order.caller
        return (
            accepted.tenant,
            accepted.turn_id,
            caller.sub,
            order.request_id,
            order.body_hash,
            str(order.request_id),
            sorted(caller.roles),
            sorted(caller.scopes),
            accepted.conversation_id,
            accepted.agent.agent_id,
            accepted.agent.version,
            accepted.user_message_id,
            accepted.parent_message_id,
            accepted.assistant_message_id,
            self._instance.name,
            accepted.lease_epoch,
            accepted.profile.profile_id,
            self._clock.now(),
        )

    async def _row_and_message(self, accepted: Accepted) -> tuple[object, ...]:
        """The turn, its conversation: new or not, whose, the leaf it had; the message and its size; the request."""
        order = accepted.order
        whose = (accepted.new_conversation, accepted.owner_sub, accepted.leaf_before)
        if accepted.conversation_id is None:
            return (*self._row(accepted)[1:], *whose, [], 0, "", order.data)
        tokenizer = tokenizer_for(accepted.profile.tokenizer)
        tokens = await aside(order.size_bytes, tokenizer.count, order.text)
        return (*self._row(accepted)[1:], *whose, list(order.parts), tokens, tokenizer.name, order.data)

    def _told(self, accepted: Accepted) -> tuple[Any, ...]:
        return self._events.values(_drafts(accepted))


def _known(order: Order, turn_id: UUID, body_hash: bytes) -> Known:
    if body_hash != order.body_hash:
        raise SomaError(Reason.REQUEST_ID_REUSED, {"request_id": str(order.request_id)})
    return Known(turn_id)


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


def refusal_fact(accepted: Accepted, error: SomaError) -> EventDraft:
    """The event of a turn that was refused."""
    ended = payloads_pb2.TurnEnded(
        turn_id=str(accepted.turn_id),
        conversation_id="" if accepted.new_conversation else str(accepted.conversation_id or ""),
        agent_id=str(accepted.agent.agent_id),
        finish_reason="error",
        error_reason=error.reason.value,
    )
    return EventDraft("turn.failed", accepted.stream, ended, str(accepted.order.request_id))
