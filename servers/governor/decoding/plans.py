"""A turn to plan, from its message.

Nothing is checked here that the contract's own rules check before a call arrives.
"""

from typing import Final
from uuid import UUID

from servers.governor.decoding.calls import price, timeout_seconds
from servers.governor.decoding.levels import observations
from servers.governor.domain.request import Candidates, PlanRequest, ToolCandidate
from servers.governor.domain.rules import Level, Risk
from servers.governor.planning.turns import PlanOrder
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import plan_pb2 as plan_pb

_RISKS: Final = {plan_pb.RISK_PROFILE_LOW: Risk.LOW, plan_pb.RISK_PROFILE_CRITICAL: Risk.CRITICAL}


def plan_order(request: governor_pb.PlanTurnRequest) -> PlanOrder:
    """A turn to plan."""
    subject, model, modulation = request.subject, request.model, request.modulation
    return PlanOrder(
        turn_id=UUID(request.turn_id),
        request=PlanRequest(
            model=model.model,
            window_tokens=model.window_tokens,
            max_output_tokens=model.max_output_tokens,
            price=price(model.price),
            candidates=_candidates(request.candidates),
            query=request.query,
            risk=_RISKS.get(subject.risk_profile, Risk.NORMAL),
            turn_token_limit=subject.turn_token_limit,
            features_off=frozenset(subject.features_off),
            tool_k_delta=modulation.tool_k_delta,
            history_share_delta=max(0.0, modulation.history_share_delta),
            sleep_state=modulation.sleep_state,
            min_level=Level(request.min_level - 1) if request.min_level else None,
        ),
        observations=observations(request.observed_dependencies),
        timeout_seconds=timeout_seconds(request.turn_timeout_seconds),
        agent_id=_id(subject.agent_id),
        conversation_id=_id(subject.conversation_id),
    )


def _id(value: str) -> UUID | None:
    return UUID(value) if value else None


def _candidates(found: plan_pb.Candidates) -> Candidates:
    return Candidates(
        system_prompt_tokens=found.system_prompt_tokens,
        policy_tokens=sum(found.policy_tokens),
        history_tokens=tuple(found.history_tokens),
        memory_tokens=sum(memory.tokens for memory in found.memories),
        memory_scores=tuple(memory.score if memory.HasField("score") else None for memory in found.memories),
        tools=tuple(
            ToolCandidate(
                tool.name, tool.description, tuple(tool.parameter_names), tool.schema_tokens, tool.only_when_relevant
            )
            for tool in found.tools
        ),
        tool_result_tokens=sum(found.tool_result_tokens),
        user_message_tokens=found.user_message_tokens,
        framing_tokens=found.framing_tokens,
    )
