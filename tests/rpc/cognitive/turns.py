"""Turns as tests of adaptation need them: observed by chat, with what they had used."""

from uuid import uuid4

from soma.cognitive.v1 import adaptation_service_pb2 as adaptation_pb
from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
from soma.cognitive.v1 import neuromodulator_service_pb2 as neuromodulator_pb
from soma.common.v1 import modulation_pb2 as common_pb
from tests.rpc.cognitive.conftest import Cognition

AGENT = str(uuid4())
BY_LINKS = common_pb.RetrieverShares(vector=0.2, graph=0.6, lexical=0.2)


async def turn_of(
    cognition: Cognition,
    agent_id: str,
    shares: common_pb.RetrieverShares | None = BY_LINKS,
    conversation_id: str = "",
    turn_id: str = "",
) -> str:
    """A turn of the agent that used memories which were found so; none where there are no shares."""
    turn_id = turn_id or str(uuid4())
    facts = modulation_pb.TurnFacts(
        finish_reason="stop", memories_used=3 if shares else 0, novelty=0.3, retriever_shares=shares
    )
    await cognition.chat.ObserveTurn(
        modulation_pb.ObserveTurnRequest(
            agent_id=agent_id, turn_id=turn_id, request_id=turn_id, facts=facts, conversation_id=conversation_id
        )
    )
    return turn_id


async def judged(
    cognition: Cognition, turn_id: str, reward: float, request_id: str = "", **fields: object
) -> adaptation_pb.RecordFeedbackResponse:
    """What is answered to feedback on a turn."""
    return await cognition.adaptation.RecordFeedback(
        adaptation_pb.RecordFeedbackRequest(
            turn_id=turn_id,
            reward=reward,
            request_id=request_id or str(uuid4()),
            **fields,  # type: ignore[arg-type]
        )
    )


async def now_of(cognition: Cognition, agent_id: str = AGENT) -> adaptation_pb.AdaptationState:
    request = adaptation_pb.GetAdaptationStateRequest(agent_id=agent_id)
    return (await cognition.adaptation.GetAdaptationState(request)).state


async def history_of(
    cognition: Cognition, page_size: int = 200, token: str = ""
) -> adaptation_pb.ListAdaptationHistoryResponse:
    return await cognition.adaptation.ListAdaptationHistory(
        adaptation_pb.ListAdaptationHistoryRequest(agent_id=AGENT, page_size=page_size, page_token=token)
    )


async def reset(cognition: Cognition, **fields: object) -> adaptation_pb.AdaptationState:
    request = adaptation_pb.ResetAdaptationRequest(
        agent_id=AGENT,
        request_id=str(uuid4()),
        **fields,  # type: ignore[arg-type]
    )
    return (await cognition.adaptation.ResetAdaptation(request)).state


async def back_to(cognition: Cognition, version: int, expected: int | None = None) -> adaptation_pb.AdaptationState:
    request = adaptation_pb.RollbackAdaptationRequest(
        agent_id=AGENT, version=version, expected_version=expected, request_id=str(uuid4())
    )
    return (await cognition.adaptation.RollbackAdaptation(request)).state


async def dopamine(cognition: Cognition) -> float:
    request = neuromodulator_pb.GetNeuromodulatorsRequest(agent_id=AGENT)
    return (await cognition.user.GetNeuromodulators(request)).dopamine
