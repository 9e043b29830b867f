"""The use case of telling an agent's adaptation how an answer was: after the observation of its turn, never before.

What the observation tells is what a reward is credited by; how is not known here.
"""

from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from servers.chat.intents.intent import DueIntent
from soma.cognitive.v1 import adaptation_service_pb2 as adaptation_pb
from soma.cognitive.v1.adaptation_service_pb2_grpc import AdaptationServiceStub
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.logging import get_logger
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.chat", "sql/intents.sql")
_LOG: Final = get_logger("soma.chat.feedback")
CALL_SECONDS: Final = 10.0
# By the number of a rating: none, good, bad. None takes back what was said before, if it was.
_REWARDS: Final = (0.0, 1.0, -1.0)


def feedback_on(turn_id: UUID, agent_id: UUID, rating: int, rated: datetime) -> adaptation_pb.RecordFeedbackRequest:
    """What is told of a rating; the same rating is always the same request."""
    request = adaptation_pb.RecordFeedbackRequest(
        agent_id=str(agent_id),
        turn_id=str(turn_id),
        reward=_REWARDS[rating],
        withdrawn=rating == 0,
        request_id=str(uuid5(turn_id, f"feedback/{rated.isoformat()}")),
    )
    request.judged_time.FromDatetime(rated)
    return request


class Feedback:
    """Tells what was rated."""

    def __init__(self, database: Database, adaptation: AdaptationServiceStub) -> None:
        self._database = database
        self._adaptation = adaptation

    async def tell(self, intent: DueIntent) -> None:
        """Tell how the turn is rated now, once it was observed: an earlier rating that comes late changes nothing.

        A turn that is gone, and one that used no memory, teach nothing. Raises DEPENDENCY_DOWN where cognitive does not
        know the turn yet, and whatever keeps it from answering.
        """
        asked = adaptation_pb.RecordFeedbackRequest.FromString(intent.payload)
        turn_id, tenant = UUID(asked.turn_id), TenantId(intent.tenant_id)
        turn = await self._database.run(tenant, lambda it: it.fetchrow(_SQL.read_rating, turn_id))
        if turn is None:
            return
        if turn["unobserved"]:
            raise _away()
        request = feedback_on(turn_id, turn["agent_id"], turn["rating"], turn["rate_time"])
        try:
            answer = await self._adaptation.RecordFeedback(request, timeout=CALL_SECONDS)
        except SomaError as error:
            if error.reason is not Reason.METHOD_UNKNOWN:
                raise
            # A release before this one answered: its successor will know the method.
            raise _away() from error
        if not answer.accepted:
            _LOG.info("a rating changed no weight", turn_id=request.turn_id, sentence=answer.sentence)


def _away() -> SomaError:
    return SomaError(Reason.DEPENDENCY_DOWN, {"dependency": "cognitive"})
