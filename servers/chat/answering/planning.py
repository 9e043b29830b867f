"""Asking the governor: the plan of a turn and the hold of every further model call.

What is sent under the plan is not decided here.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar
from uuid import uuid5

from servers.chat.answering.candidates import measured
from servers.chat.answering.gathering import Gathered
from servers.chat.domain.knobs import longest_answer
from servers.chat.domain.model import ModelRequest
from servers.chat.domain.sources import Lanes, Offer, Sources
from servers.chat.turns.acceptance import Accepted
from soma.common.v1 import level_pb2, usage_pb2
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import plan_pb2 as plan_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb
from soma.governor.v1.governor_service_pb2_grpc import GovernorServiceStub
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.money import Price
from soma_common.kernel.reasons import Reason
from soma_common.rpc.features import Features

Answer = TypeVar("Answer")

CALL_SECONDS: Final = 1.5
PAUSE_SECONDS: Final = 0.15
RETRY_AFTER_SECONDS: Final = 3.0
# What a turn can do without; other features concern other services and are no news in a receipt.
TURN_FEATURES: Final = ("memory", "tools", "agentiq_governor")
# What may pass while we wait; everything else is an answer. A defect of the governor is no refusal: it has logged it.
_MAY_PASS: Final = frozenset(
    (
        Reason.DEPENDENCY_DOWN,
        Reason.DEADLINE_EXCEEDED,
        Reason.DATABASE_UNAVAILABLE,
        Reason.SHUTTING_DOWN,
        Reason.CONFLICT,
        Reason.INTERNAL,
    )
)


class Planner:
    """The governor, as a turn uses it."""

    def __init__(self, governor: GovernorServiceStub, features: Features, clock: Clock, turn_seconds: float) -> None:
        self._governor = governor
        self._features = features
        self._clock = clock
        self._turn_seconds = turn_seconds

    async def plan(
        self, accepted: Accepted, gathered: Gathered, sources: Sources, patience_seconds: float
    ) -> governor_pb.PlanTurnResponse:
        """The plan, with the hold of the first call; the same one again for a turn that was planned before.

        Raises the governor's refusal, or DEPENDENCY_DOWN when it stays away for longer than the patience.
        """
        order, profile, agent = accepted.order, accepted.profile, accepted.agent
        recall_limit = gathered.modulation.recall_limit or gathered.knobs.recall_limit
        request = governor_pb.PlanTurnRequest(
            turn_id=str(accepted.turn_id),
            request_id=str(accepted.turn_id),
            subject=plan_pb.TurnSubject(
                agent_id=str(agent.agent_id),
                conversation_id=str(accepted.conversation_id or ""),
                risk_profile=plan_pb.RiskProfile.ValueType(agent.risk_profile),
                turn_token_limit=gathered.knobs.turn_token_limit,
                features_off=self._features.off(accepted.tenant, TURN_FEATURES),
            ),
            model=plan_pb.ModelSnapshot(
                model=profile.profile_id,
                window_tokens=profile.window_tokens,
                max_output_tokens=longest_answer(
                    gathered.knobs, order.options.max_output_tokens, profile.max_output_tokens
                ),
                price=price_message(profile.price),
            ),
            candidates=measured(sources, recall_limit),
            query=order.text.encode()[:65_536].decode(errors="ignore"),
            modulation=gathered.modulation,
            observed_dependencies=gathered.observed,
            min_level=level_pb2.DegradationLevel.ValueType(order.min_level),
            turn_timeout_seconds=int(self._turn_seconds),
        )
        return await self._patiently(lambda: self._governor.PlanTurn(request, timeout=CALL_SECONDS), patience_seconds)

    async def hold(self, accepted: Accepted, leg: int, call: ModelRequest, patience_seconds: float) -> None:
        """Holds the budget of a further model call at its model's price. Raises BUDGET_EXHAUSTED, DEPENDENCY_DOWN."""
        request = governor_pb.HoldLegRequest(
            turn_id=str(accepted.turn_id),
            leg=leg,
            input_tokens=call.input_tokens,
            max_output_tokens=call.max_output_tokens,
            price=price_message(call.profile.price),
            request_id=str(uuid5(accepted.turn_id, f"leg/{leg}")),
            timeout_seconds=int(self._turn_seconds),
        )
        await self._patiently(lambda: self._governor.HoldLeg(request, timeout=CALL_SECONDS), patience_seconds)

    async def receipt(self, accepted: Accepted, patience_seconds: float) -> receipt_pb.Receipt | None:
        """The receipt of a turn, settled or not; None before its plan. Raises DEPENDENCY_DOWN."""
        request = governor_pb.GetReceiptRequest(receipt_id=str(accepted.turn_id))
        try:
            found: governor_pb.GetReceiptResponse = await self._patiently(
                lambda: self._governor.GetReceipt(request, timeout=CALL_SECONDS), patience_seconds
            )
        except SomaError as error:
            if error.reason is not Reason.RESOURCE_NOT_FOUND:
                raise
            return None
        return found.receipt

    async def _patiently(self, call: Callable[[], Awaitable[Answer]], seconds: float) -> Answer:
        until = self._clock.monotonic() + seconds
        while True:
            try:
                return await call()
            except SomaError as error:
                if error.reason not in _MAY_PASS:
                    raise
                if self._clock.monotonic() >= until:
                    down = {"dependency": "governor"}
                    raise SomaError(Reason.DEPENDENCY_DOWN, down, retry_after_seconds=RETRY_AFTER_SECONDS) from error
            await asyncio.sleep(PAUSE_SECONDS)


def offer_of(plan: governor_pb.PlanTurnResponse, recall_limit: int) -> Offer:
    """What the plan lets into the window."""
    return Offer(
        lanes=lanes_values(plan.lanes),
        tools=tuple(tool.name for tool in plan.tools if tool.chosen),
        tool_reasons={tool.name: tool.reason for tool in plan.tools if not tool.chosen},
        recall_limit=recall_limit,
    )


def lanes_values(lanes: plan_pb.LaneTokens) -> Lanes:
    """Lanes as values."""
    return Lanes(lanes.system_policy, lanes.history, lanes.memory, lanes.tools, lanes.tool_results, lanes.buffer)


def lanes_message(lanes: Lanes) -> plan_pb.LaneTokens:
    """Lanes as a message."""
    return plan_pb.LaneTokens(
        system_policy=lanes.system_policy,
        history=lanes.history,
        memory=lanes.memory,
        tools=lanes.tools,
        tool_results=lanes.tool_results,
        buffer=lanes.buffer,
    )


def price_message(price: Price) -> usage_pb2.Price:
    """A price as a message."""
    return usage_pb2.Price(
        input_micros_per_million=price.input,
        cached_input_micros_per_million=price.cached_input,
        output_micros_per_million=price.output,
        reasoning_micros_per_million=price.reasoning,
    )
