"""Taking a turn in: one transaction stores the user's message, the turn and `turn.started`, or finds that it was there.

Nothing here plans or answers.
"""

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from servers.chat.answering.minds import Mind, Minds
from servers.chat.aside import aside
from servers.chat.domain.agent import Agent
from servers.chat.domain.manners import Manner
from servers.chat.domain.model import ModelProfile
from servers.chat.means import Means
from servers.chat.models.port import Models
from servers.chat.turns.acceptance_store import AcceptanceStore, Seen, TakenIn
from servers.chat.turns.allowance import Allowance
from servers.chat.turns.asking_anew import found
from servers.chat.turns.order import Deed, Order
from servers.chat.turns.placing import Placement, place
from servers.chat.turns.store import AlreadyStored, Weights
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
    # whether its message was there before: another answer to it
    asks_anew: bool = False
    # the message in whose place its own stands
    replaces_message_id: UUID | None = None
    # whether its conversation has no title
    untitled: bool = False
    lease_epoch: int = 0
    # turns of the agent that were open when it was taken in, with this one
    open_turns: int = 1
    # the agent's mind when it was taken in; a turn that goes on later asks anew
    mind: Mind | None = None

    @property
    def tenant(self) -> TenantId:
        """Whose turn it is."""
        return self.order.caller.tenant_id

    @property
    def continues(self) -> bool:
        """Whether it goes on with an answer, after the results of the tools that this one asked for."""
        return self.asks_anew and self.user_message_id == self.parent_message_id

    @property
    def stream(self) -> str:
        """The stream of its events."""
        return f"turn/{self.turn_id}" if self.conversation_id is None else f"conversation/{self.conversation_id}"


@dataclass(frozen=True, slots=True)
class Known:
    """The request was seen before: its turn."""

    turn_id: UUID


@dataclass(frozen=True, slots=True)
class Queued:
    """It is stored and waits for its place; `stops` is the turn that it has stopped."""

    tenant: TenantId
    turn_id: UUID
    conversation_id: UUID
    stops: UUID | None


@dataclass(frozen=True, slots=True)
class Refused:
    """The request is refused before anything was stored but the refusal."""

    error: SomaError


Acceptance = Accepted | Queued | Known | Refused


class Acceptances:
    """Stores turns that are asked for."""

    def __init__(self, means: Means, models: Models, minds: Minds, allowance: Allowance) -> None:
        self._minds = minds
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

        Raises RESOURCE_NOT_FOUND, REQUEST_ID_REUSED, AGENT_FROZEN, RATE_LIMITED, DATABASE_UNAVAILABLE.
        """
        made: Accepted | Queued | None = None
        counting: Counting | None = None
        until = self._clock.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                seen = await self._store.look(order)
                if seen.known_turn_id is not None:
                    if made is not None and seen.known_turn_id == turn_id:
                        # The commit whose answer was lost had gone through.
                        return made
                    return _known(order, seen.known_turn_id, seen.body_hash)
                asked = found(order, seen.question) if order.deed in (Deed.REGENERATE, Deed.EDIT) else order
                placement = place(asked, seen)
                accepted = await self._judge(turn_id, asked, seen, placement)
                if placement.refusal is not None:
                    return await self._refuse(accepted, placement.refusal)
                accepted = await self._minded(accepted)
                counting = counting or await self._allowance.take(order.caller)
                made = _made(accepted, placement)
                taken = await self._take_in(accepted, placement, counting)
                if taken.outcome in ("stored", "queued"):
                    return made
                if taken.wait_seconds is not None:
                    raise self._allowance.refused(order.caller, taken.wait_seconds)
                # Somebody else was quicker with the same request or in the same conversation; now it is to be seen. The
                # message is counted.
                counting = Counting()
            except AlreadyStored:
                continue
            except SomaError as error:
                if error.reason is not Reason.DATABASE_UNAVAILABLE or self._clock.monotonic() > until:
                    raise

    async def _minded(self, accepted: Accepted) -> Accepted:
        """With the agent's mind. Raises AGENT_FROZEN, and then nothing of the turn is stored or held."""
        known = None if accepted.new_conversation else accepted.conversation_id
        mind = await self._minds.ask(accepted.tenant, accepted.agent, known)
        mind.demand_unfrozen(accepted.agent)
        return replace(accepted, mind=mind)

    async def _refuse(self, accepted: Accepted, refusal: SomaError) -> Refused:
        bare = replace(accepted, user_message_id=None, parent_message_id=None)
        await self._store.refuse(self._row(bare), refusal, refusal_fact(bare, refusal), self._clock.now())
        return Refused(refusal)

    async def _take_in(self, accepted: Accepted, placement: Placement, counting: Counting) -> TakenIn:
        row = await self._row_and_message(accepted, placement)
        drafts = _drafts(accepted) if placement.manner is Manner.START else [_queued_fact(accepted, placement)]
        return await self._store.take_in(accepted.tenant, row, self._events.values(drafts), counting)

    async def _judge(self, turn_id: UUID, order: Order, seen: Seen, placement: Placement) -> Accepted:
        agent, weights = await self._agent(order, seen)
        profile = await self._profile(order.caller.tenant_id, order.model_profile_id or agent.model_profile_id)
        # Messages are listed by their ids: the answer's must be the larger one, also within a millisecond.
        message_id, answer_id = sorted((self._ids.uuid7(), self._ids.uuid7()))
        is_new = order.transcript is None and placement.conversation_id is None
        return Accepted(
            turn_id,
            order,
            agent,
            profile,
            answer_id,
            weights,
            conversation_id=self._ids.uuid7() if is_new else placement.conversation_id,
            owner_sub=placement.owner_sub or order.caller.sub,
            user_message_id=None if order.transcript is not None else placement.user_message_id or message_id,
            parent_message_id=placement.parent_message_id,
            leaf_before=placement.leaf_before,
            new_conversation=is_new,
            lease_epoch=self._instance.epoch,
            asks_anew=placement.user_message_id is not None,
            replaces_message_id=placement.replaces,
            untitled=placement.untitled,
            open_turns=seen.open_turns + 1,
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
            if seen.known_turn_id is not None:
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

    async def _row_and_message(self, accepted: Accepted, placement: Placement) -> tuple[object, ...]:
        """The turn; its conversation: new or not, whose, its leaf; the message and its size; the request; the place."""
        order = accepted.order
        whose = (accepted.new_conversation, accepted.owner_sub, accepted.leaf_before)
        where = (accepted.asks_anew, accepted.replaces_message_id, *placement.columns)
        if accepted.conversation_id is None or accepted.asks_anew or placement.manner is not Manner.START:
            return (*self._row(accepted)[1:], *whose, [], 0, "", order.data, *where)
        tokenizer = tokenizer_for(accepted.profile.tokenizer)
        tokens = await aside(order.size_bytes, tokenizer.count, order.text)
        return (*self._row(accepted)[1:], *whose, list(order.parts), tokens, tokenizer.name, order.data, *where)


def _known(order: Order, turn_id: UUID, body_hash: bytes) -> Known:
    if body_hash != order.body_hash:
        raise SomaError(Reason.REQUEST_ID_REUSED, {"request_id": str(order.request_id)})
    return Known(turn_id)


def _made(accepted: Accepted, placement: Placement) -> Accepted | Queued:
    if placement.manner is Manner.START or placement.conversation_id is None:
        return accepted
    stops = None if placement.manner is Manner.QUEUE else placement.before
    return Queued(accepted.tenant, accepted.turn_id, placement.conversation_id, stops)


def started_fact(accepted: Accepted) -> EventDraft:
    """The event of a turn that begins."""
    started = payloads_pb2.TurnStarted(
        turn_id=str(accepted.turn_id),
        conversation_id=str(accepted.conversation_id or ""),
        agent_id=str(accepted.agent.agent_id),
    )
    return EventDraft("turn.started", accepted.stream, started, str(accepted.order.request_id))


def _queued_fact(accepted: Accepted, placement: Placement) -> EventDraft:
    queued = payloads_pb2.TurnQueued(
        turn_id=str(accepted.turn_id),
        conversation_id=str(accepted.conversation_id or ""),
        agent_id=str(accepted.agent.agent_id),
        stops_turn_id="" if placement.manner is Manner.QUEUE else str(placement.before or ""),
        takes_back=placement.take_back,
    )
    return EventDraft("turn.queued", accepted.stream, queued, str(accepted.order.request_id))


def _drafts(accepted: Accepted) -> list[EventDraft]:
    correlation_id = str(accepted.order.request_id)
    conversation_id = str(accepted.conversation_id or "")
    drafts = [started_fact(accepted)]
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
