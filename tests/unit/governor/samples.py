"""Requests and states of the governor that tests start from."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from servers.governor.domain.request import Candidates, PlanRequest, ToolCandidate
from soma.common.v1 import usage_pb2 as usage_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import plan_pb2 as plan_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb

AGENT = "0198c0de-0000-7000-8000-0000000000aa"


def hello(**changes: Any) -> PlanRequest:
    """A first message in a small window; changes may name fields of the request or of its candidates."""
    names = PlanRequest.__dataclass_fields__
    request = PlanRequest(
        model="m",
        window_tokens=8192,
        max_output_tokens=2048,
        candidates=Candidates(system_prompt_tokens=60, user_message_tokens=5, framing_tokens=7),
        query="hello",
    )
    mine = {name: value for name, value in changes.items() if name in names}
    theirs = {name: value for name, value in changes.items() if name not in names}
    return replace(request, candidates=replace(request.candidates, **theirs), **mine)


def a_tool(name: str, description: str = "", tokens: int = 60, *parameters: str) -> ToolCandidate:
    """A tool."""
    return ToolCandidate(name, description, parameters, tokens)


def plan_request(turn_id: UUID | None = None, **changes: Any) -> governor_pb.PlanTurnRequest:
    """A turn as chat asks for it; changes are merged into the message."""
    turn = str(turn_id or uuid4())
    request = governor_pb.PlanTurnRequest(
        turn_id=turn,
        request_id=turn,
        subject=plan_pb.TurnSubject(agent_id=AGENT),
        model=plan_pb.ModelSnapshot(
            model="m",
            window_tokens=8192,
            max_output_tokens=1000,
            price=usage_pb.Price(input_micros_per_million=1_000_000, output_micros_per_million=2_000_000),
        ),
        candidates=plan_pb.Candidates(system_prompt_tokens=60, user_message_tokens=5, framing_tokens=7),
        query="hello",
    )
    request.MergeFrom(governor_pb.PlanTurnRequest(**changes))
    return request


def settle_request(
    turn_id: str, *legs: tuple[int, int, int], finish_reason: str = "stop", **changes: Any
) -> governor_pb.SettleTurnRequest:
    """A settlement; each leg is (leg, input tokens, output tokens), priced as in `plan_request`."""
    return governor_pb.SettleTurnRequest(
        turn_id=turn_id,
        request_id=str(uuid4()),
        legs=[
            receipt_pb.ModelLeg(
                leg=leg,
                model="m",
                usage=usage_pb.TokenUsage(input_tokens=given, output_tokens=answered),
                cost_micros=given + 2 * answered,
                finish_reason=finish_reason,
            )
            for leg, given, answered in legs
        ],
        lanes_used=plan_pb.LaneTokens(system_policy=60),
        outcome=receipt_pb.TurnOutcome(finish_reason=finish_reason),
        **changes,
    )
