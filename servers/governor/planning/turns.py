"""Use case: plan a turn; hold its first model call, open its receipt and move the level, in one transaction.

What a plan is stands in `domain/plan.py`; messages are made by the encoder that is handed in.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from servers.governor.configuration.current import Configurations
from servers.governor.domain.health import view_of_turn
from servers.governor.domain.levels import GOVERNOR_FEATURE, Observation
from servers.governor.domain.plan import Plan, plan_turn
from servers.governor.domain.rates import RateRules
from servers.governor.domain.request import PlanRequest, Snapshot
from servers.governor.domain.rules import Lane
from servers.governor.domain.scopes import Subject
from servers.governor.domain.standing import CHECK, Basis, Standing, after_plan, caught_up, sights_of
from servers.governor.ledger.store import Hold, lease_end
from servers.governor.levels.looks import RecentLooks
from servers.governor.levels.standings import Move, StandingStore
from servers.governor.metrics import GovernorMetrics
from servers.governor.planning.similarity import ToolSimilarity
from servers.governor.planning.store import NewReceipt, PlanStore, Wanted
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import invalid_field
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import TenantId
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


@dataclass(frozen=True, slots=True)
class Planning:
    """Plans turns. `looks` is how this process sees the mesh and has seen it."""

    store: PlanStore
    standings: StandingStore
    configurations: Configurations
    looks: RecentLooks
    metrics: GovernorMetrics
    similarity: ToolSimilarity
    clock: Clock
    ids: Ids

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
        wanted = Wanted(order.turn_id, order.request.model, names, order.subject(call.caller.sub))
        state = await self.store.read_planning_state(tenant, wanted, now)
        if state.response is not None:
            return state.response
        configuration = await self.configurations.at_least(tenant, state.config_version)
        rules, view = configuration.rules, self.looks.now()
        # The last second is this plan's own check.
        standing = caught_up(state.kept.standing, Basis(rules, state.budgets, self.looks), now - CHECK)
        snapshot = Snapshot(
            observations=view_of_turn(order.observations, view),
            budgets=state.budgets,
            scoped_budgets=state.scoped_budgets,
            level_state=standing.state,
            check_due=standing.check_due(now),
            tool_calls=state.tool_calls,
            output=state.output,
            rules=rules,
        )
        plan = plan_turn(self.similarity.added_to(order.request), snapshot)
        hold = Hold(self.ids.uuid7(), FIRST_LEG, plan.need, lease_end(now, order.timeout_seconds))
        planned = Planned(self.ids.uuid7(), now, call.caller.sub, plan, snapshot, hold)
        messages = encode(planned)
        move = Move(state.kept, _standing_after(standing, order, planned), plan.reasons, call.correlation_id)
        if not await self._store(tenant, move, _receipt(order, planned, messages, configuration.rates)):
            given = await self.store.read_response(tenant, order.turn_id)
            if given is None:
                raise invalid_field("turn_id", "it is the id of a job that has holds")
            return given
        self.metrics.planned(plan.aiq.value, plan.level, plan.division.rescue, rules.version)
        return messages.response

    async def _store(self, tenant: TenantId, move: Move, receipt: NewReceipt) -> bool:
        """Holds, opens the receipt and moves the level with it; False when another call did so for the same turn."""
        moves = move.after != move.kept.standing
        besides = partial(self.standings.move, tenant=tenant, move=move) if moves else None
        return not (await self.store.open_receipt(tenant, receipt, besides)).repeated


def _standing_after(standing: Standing, order: PlanOrder, planned: Planned) -> Standing:
    """Where the tenant's level stands with this plan; a turn that is not governed says nothing of it."""
    snapshot, state = planned.snapshot, planned.plan.level_state
    if GOVERNOR_FEATURE in order.request.features_off:
        return standing
    counted = snapshot.check_due or state != snapshot.level_state
    sights = sights_of(order.observations, snapshot.rules)
    return after_plan(standing, state, counted, sights, planned.plan_time)


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
        level=plan.level,
        rates=rates,
    )
