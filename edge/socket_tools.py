"""What a socket works with, and frames as the requests of the turn service.

Nothing here runs a connection.
"""

from dataclasses import dataclass

from edge.bridge import Turns
from edge.directory import Directory
from edge.frames import Again, Decide, Edit, Follow, Opening, Report, Submission, Wishes
from edge.identity import Identities
from edge.rates import Allowances, SessionLimits
from edge.telemetry import EdgeMetrics
from edge.titles import Titles
from soma.chat.v1 import message_pb2, turn_event_pb2, turn_service_pb2
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids

OpeningRequest = (
    turn_service_pb2.SendMessageRequest
    | turn_service_pb2.EditMessageRequest
    | turn_service_pb2.RegenerateMessageRequest
)
SubmissionRequest = (
    turn_service_pb2.SubmitToolResultRequest
    | turn_service_pb2.ResolveApprovalRequest
    | turn_service_pb2.RateTurnRequest
)


@dataclass(frozen=True, slots=True)
class SocketTools:
    """The parts of the edge that sockets use."""

    turns: Turns
    titles: Titles
    directory: Directory
    identities: Identities
    allowances: Allowances
    metrics: EdgeMetrics
    limits: SessionLimits
    ids: Ids
    clock: Clock


def opening_request(frame: Opening, request_id: str) -> OpeningRequest:
    """The request that starts a turn."""
    if isinstance(frame, Again):
        again = turn_service_pb2.RegenerateMessageRequest(message_id=frame.message_id)
        return _as_wished(again, frame.wishes, request_id)
    content = [message_pb2.ContentPart(text=frame.content)]
    if isinstance(frame, Edit):
        edit = turn_service_pb2.EditMessageRequest(message_id=frame.message_id, content=content)
        return _as_wished(edit, frame.wishes, request_id)
    request = turn_service_pb2.SendMessageRequest(
        agent_id=frame.agent_id, content=content, parent_message_id=frame.parent_message_id
    )
    if frame.conversation_id:
        request.conversation_id = frame.conversation_id
    return _as_wished(request, frame.wishes, request_id)


def _as_wished(request: OpeningRequest, wishes: Wishes, request_id: str) -> OpeningRequest:
    request.request_id = request_id
    request.model_profile_id = wishes.model_profile_id
    # An enum of a frame that is open for numbers that nobody knows; chat names the field.
    request.while_busy = turn_service_pb2.WhileBusy.ValueType(wishes.while_busy)
    request.on_disconnect = (
        turn_service_pb2.ON_DISCONNECT_CONTINUE if wishes.lasts else turn_service_pb2.ON_DISCONNECT_CANCEL
    )
    if isinstance(wishes.options, message_pb2.GenerationOptions):
        request.options.CopyFrom(wishes.options)
    return request


def follow_request(follow: Follow) -> turn_service_pb2.ResumeTurnRequest:
    """The request that follows a turn."""
    return turn_service_pb2.ResumeTurnRequest(turn_id=follow.turn_id, after_sequence=follow.after_sequence)


def submission_request(frame: Submission, request_id: str) -> SubmissionRequest:
    """The request that hands in what a frame brought."""
    if isinstance(frame, Report):
        return turn_service_pb2.SubmitToolResultRequest(
            turn_id=frame.turn_id,
            call_id=frame.call_id,
            content=frame.content,
            failed=frame.failed,
            request_id=request_id,
        )
    if isinstance(frame, Decide):
        return turn_service_pb2.ResolveApprovalRequest(
            turn_id=frame.turn_id,
            call_id=frame.call_id,
            decision=turn_event_pb2.ApprovalDecision.ValueType(frame.decision),
            arguments_hash=frame.arguments_hash,
            note=frame.note,
            request_id=request_id,
        )
    rating = message_pb2.Rating.ValueType(frame.rating)
    return turn_service_pb2.RateTurnRequest(
        turn_id=frame.turn_id, rating=rating, text=frame.text, request_id=request_id
    )
