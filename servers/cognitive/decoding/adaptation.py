"""Messages about adaptation as values. Nothing is decided here."""

from datetime import UTC, datetime
from uuid import UUID

from servers.cognitive.adapting.adaptations import Judgement
from servers.cognitive.domain.adaptation import signal_of
from soma.cognitive.v1 import adaptation_service_pb2 as adaptation_pb
from soma_common.kernel.errors import invalid_field


def judgement_of(request: adaptation_pb.RecordFeedbackRequest) -> Judgement:
    """What is said of a turn. Raises INVALID_FIELD."""
    return Judgement(
        signal=0.0 if request.withdrawn else signal_of(request.reward, request.utility),
        turn_id=UUID(request.turn_id) if request.turn_id else None,
        session=request.session_id,
        agent_id=UUID(request.agent_id) if request.agent_id else None,
        characters=len(request.response_text),
        withdrawn=request.withdrawn,
        time=_judged_time(request),
    )


def _judged_time(request: adaptation_pb.RecordFeedbackRequest) -> datetime | None:
    try:
        return request.judged_time.ToDatetime(UTC) if request.HasField("judged_time") else None
    except (ValueError, OverflowError):
        raise invalid_field("judged_time", "it must lie in the years 1 to 9999") from None
