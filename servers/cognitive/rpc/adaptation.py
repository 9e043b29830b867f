"""Servicer of adaptation: protos in, values to the use cases, protos out.

Nothing is decided here.
"""

from typing import Any

from servers.cognitive.adapting.adaptations import Adaptations, Lesson
from servers.cognitive.decoding.adaptation import judgement_of
from servers.cognitive.domain.adaptation import LEARNING_RATE
from servers.cognitive.encoding.adaptation import adaptation_message, maximum_message, minimum_message
from servers.cognitive.rpc.pages import version_before
from servers.cognitive.rpc.whose import agent_of, own_tenant, tenant
from soma.cognitive.v1 import adaptation_service_pb2 as adaptation_pb
from soma.cognitive.v1 import adaptation_service_pb2_grpc as adaptation_grpc
from soma_common.kernel.paging import next_page_token, page_of


class AdaptationServicer(adaptation_grpc.AdaptationServiceServicer):
    """`soma.cognitive.v1.AdaptationService`."""

    def __init__(self, adaptations: Adaptations) -> None:
        self._adaptations = adaptations

    async def GetAdaptationState(  # noqa: N802 - the contract's name
        self, request: adaptation_pb.GetAdaptationStateRequest, _: Any
    ) -> adaptation_pb.GetAdaptationStateResponse:
        """The weights now."""
        own_tenant(request.tenant_id)
        agent_id = agent_of(request.agent_id)
        line = await self._adaptations.read(tenant(), agent_id)
        return adaptation_pb.GetAdaptationStateResponse(
            state=adaptation_message(line, agent_id), minimum=minimum_message(), maximum=maximum_message()
        )

    async def RecordFeedback(  # noqa: N802 - the contract's name
        self, request: adaptation_pb.RecordFeedbackRequest, _: Any
    ) -> adaptation_pb.RecordFeedbackResponse:
        """Move the weights by how good an answer was."""
        own_tenant(request.tenant_id)
        return await self._adaptations.judge(tenant(), judgement_of(request), _learned)

    async def ResetAdaptation(  # noqa: N802 - the contract's name
        self, request: adaptation_pb.ResetAdaptationRequest, _: Any
    ) -> adaptation_pb.ResetAdaptationResponse:
        """Set the weights to their defaults."""
        own_tenant(request.tenant_id)
        agent_id = agent_of(request.agent_id)
        rate = request.base_lr if request.HasField("base_lr") else LEARNING_RATE
        return await self._adaptations.reset(
            tenant(),
            agent_id,
            rate,
            request.reset_history,
            lambda line: adaptation_pb.ResetAdaptationResponse(state=adaptation_message(line, agent_id)),
        )

    async def ListAdaptationHistory(  # noqa: N802 - the contract's name
        self, request: adaptation_pb.ListAdaptationHistoryRequest, _: Any
    ) -> adaptation_pb.ListAdaptationHistoryResponse:
        """The states that the weights went through, newest first."""
        agent_id = agent_of(request.agent_id)
        filter_words = {"agent_id": str(agent_id)}
        page = page_of(request.page_size, request.page_token, filter_words)
        lines, more = await self._adaptations.history(tenant(), agent_id, page.size, version_before(page))
        return adaptation_pb.ListAdaptationHistoryResponse(
            states=[adaptation_message(line, agent_id) for line in lines],
            next_page_token=next_page_token((lines[-1].after.version,), filter_words) if more else "",
        )

    async def RollbackAdaptation(  # noqa: N802 - the contract's name
        self, request: adaptation_pb.RollbackAdaptationRequest, _: Any
    ) -> adaptation_pb.RollbackAdaptationResponse:
        """Make an earlier version's weights those of a new one."""
        agent_id = agent_of(request.agent_id)
        expected = request.expected_version if request.HasField("expected_version") else None
        return await self._adaptations.roll_back(
            tenant(),
            agent_id,
            request.version,
            expected,
            lambda line: adaptation_pb.RollbackAdaptationResponse(state=adaptation_message(line, agent_id)),
        )


def _learned(lesson: Lesson) -> adaptation_pb.RecordFeedbackResponse:
    return adaptation_pb.RecordFeedbackResponse(
        accepted=lesson.accepted,
        state=adaptation_message(lesson.line, lesson.agent_id),
        sentence=lesson.sentence,
        expected_utility=lesson.expected,
    )
