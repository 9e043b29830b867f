"""Use case: plan a turn; hold its first model call, open its receipt and move the level, in one transaction.

What a plan is stands in `domain/plan.py`; messages are made by the encoder that is handed in.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from servers.governor.domain.health import view_of_turn
from servers.governor.domain.levels import Observation
from servers.governor.domain.plan import Plan, plan_turn
from servers.governor.domain.rates import RateRules
from servers.governor.domain.request import PlanRequest, Snapshot
from servers.governor.domain.rules import DEFAULT_RULES, Lane, Level, PlannerRules
from servers.governor.domain.scopes import Subject
from servers.governor.encoding.levels import level_message
from servers.governor.ledger.holding import RatesOf, no_rates
from servers.governor.ledger.store import Hold, lease_end
from servers.governor.metrics import GovernorMetrics
from servers.governor.planning.similarity import ToolSimilarity
from servers.governor.planning.store import NewReceipt, PlanningState, PlanStore
from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import invalid_field
from soma_common.kernel.ids import Ids
from soma_common.postgres.pool import Connection, Database
from soma_common.rpc.call import RpcCall

FIRST_LEG: Final = 1


@dataclass(frozen=True, slots=True)
class PlanOrder:
    """One turn to plan; `observations` are what the caller saw of the dependencies."""

    turn_id: UUID
    request: PlanRequest
    observations: tuple[Observation, ...]
    timeout_seconds: float
    agent_id: UUID | None = None
    conversation_id: UUID | None = None

    def subject(self, sub: str) -> Subject:
        """For whom the turn is."""
        return Subject(sub, self.agent_id, self.conversation_id)


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with its snapshot, receipt and hold."""

    receipt_id: UUID
    plan_time: datetime
    owner_sub: str
    plan: Plan
    snapshot: Snapshot
    hold: Hold


@dataclass(frozen=True, slots=True)
class PlanMessages:
    """The first half of the receipt and the answer, serialised."""

    receipt: bytes
    response: bytes


Encode = Callable[[Planned], PlanMessages]
OwnView = Callable[[], Sequence[Observation]]


@dataclass(frozen=True, slots=True)
class Planning:
    """Plans turns. `own_view` is how all processes see the mesh, from memory."""

    database: Database
    store: PlanStore
    events: EventStore
    metrics: GovernorMetrics
    own_view: OwnView
    similarity: ToolSimilarity
    clock: Clock
    ids: Ids
    rules: PlannerRules = DEFAULT_RULES
    rates: RatesOf = no_rates

    async def plan_turn(self, call: RpcCall, order: PlanOrder, encode: Encode) -> bytes:
        """The answer to PlanTurn; a repeat for the same turn gets the same bytes, whatever has changed since.

        Raises BUDGET_EXHAUSTED, RATE_LIMITED, CONTEXT_OVERFLOW, LANE_FLOOR, LEVEL_TOO_LOW, INVALID_FIELD for the id
        of a job; then nothing is held.
        """
        with self.metrics.timed("PlanTurn"):
            return await self._plan(call, order, encode)

    async def _plan(self, call: RpcCall, order: PlanOrder, encode: Encode) -> bytes:
        tenant, now = call.caller.tenant_id, self.clock.now()
        names = [tool.name for tool in order.request.candidates.tools]
        state = await self.store.read_planning_state(tenant, order.turn_id, order.request.model, names, now)
        if state.response is not None:
            return state.response
        snapshot = self._snapshot(order, state)
        plan = plan_turn(self.similarity.added_to(order.request), snapshot)
        hold = Hold(self.ids.uuid7(), FIRST_LEG, plan.need, lease_end(now, order.timeout_seconds))
        planned = Planned(self.ids.uuid7(), now, call.caller.sub, plan, snapshot, hold)
        messages = encode(planned)
        if not await self._store(call, state, plan, _receipt(order, planned, messages, self.rates(tenant))):
            given = await self.store.read_response(tenant, order.turn_id)
            if given is None:
                raise invalid_field("turn_id", "it is the id of a job that has holds")
            return given
        self.metrics.planned(plan.aiq.value, plan.level, plan.division.rescue)
        return messages.response

    async def _store(self, call: RpcCall, state: PlanningState, plan: Plan, receipt: NewReceipt) -> bool:
        """Holds, opens the receipt and moves the level with it; False when another call did so for the same turn."""
        tenant = call.caller.tenant_id
        if plan.level_state == state.level_state:
            return not (await self.store.open_receipt(None, tenant, receipt)).repeated

        async def work(connection: Connection) -> bool:
            if (await self.store.open_receipt(connection, tenant, receipt)).repeated:
                return False
            await self._move_level(connection, call, state, plan)
            return True

        return await self.database.run(tenant, work)

    def _snapshot(self, order: PlanOrder, state: PlanningState) -> Snapshot:
        return Snapshot(
            observations=view_of_turn(order.observations, self.own_view()),
            budgets=state.budgets,
            level_state=state.level_state,
            tool_calls=state.tool_calls,
            output=state.output,
            rules=self.rules,
        )

    async def _move_level(self, connection: Connection, call: RpcCall, state: PlanningState, plan: Plan) -> None:
        """Writes the tenant's level and tells of it; of two at once only one does."""
        tenant = call.caller.tenant_id
        saved = await self.store.save_level(connection, tenant, state.level_version, plan.level_state)
        before, after = state.level_state.level, plan.level_state.level
        if saved and before is not after:
            sources = sorted({reason.source for reason in plan.reasons if reason.level > Level.L0})
            payload = payloads_pb.LevelChanged(
                before=level_message(before), after=level_message(after), sources=sources
            )
            draft = EventDraft("governor.level.changed", f"level/{tenant}", payload, call.correlation_id)
            await self.events.append(connection, tenant, [draft])


def _receipt(order: PlanOrder, planned: Planned, messages: PlanMessages, rates: RateRules) -> NewReceipt:
    plan = planned.plan
    return NewReceipt(
        receipt_id=planned.receipt_id,
        turn_id=order.turn_id,
        hold=planned.hold,
        plan_time=planned.plan_time,
        subject=order.subject(planned.owner_sub),
        model=order.request.model,
        lanes_planned=[plan.division.lanes[lane] for lane in Lane],
        predicted_output_tokens=plan.predicted_output_tokens,
        aiq_predicted=plan.aiq.value,
        plan=messages.receipt,
        response=messages.response,
        rates=rates,
    )
