"""What a socket works with, and frames as the requests of the turn service.

Nothing here runs a connection.
"""

from dataclasses import dataclass

from edge.bridge import Turns
from edge.directory import Directory
from edge.frames import Follow, Say
from edge.identity import Identities
from edge.rates import Allowances
from edge.session import SessionLimits
from edge.telemetry import EdgeMetrics
from soma.chat.v1 import message_pb2, turn_service_pb2
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids


@dataclass(frozen=True, slots=True)
class SocketTools:
    """The parts of the edge that sockets use."""

    turns: Turns
    directory: Directory
    identities: Identities
    allowances: Allowances
    metrics: EdgeMetrics
    limits: SessionLimits
    ids: Ids
    clock: Clock


def send_request(say: Say, request_id: str) -> turn_service_pb2.SendMessageRequest:
    """The request that starts a turn; the turn goes on when the socket closes."""
    request = turn_service_pb2.SendMessageRequest(
        agent_id=say.agent_id,
        content=[message_pb2.ContentPart(text=say.content)],
        parent_message_id=say.parent_message_id,
        request_id=request_id,
        on_disconnect=turn_service_pb2.ON_DISCONNECT_CONTINUE,
    )
    if say.conversation_id:
        request.conversation_id = say.conversation_id
    if isinstance(say.options, message_pb2.GenerationOptions):
        request.options.CopyFrom(say.options)
    return request


def follow_request(follow: Follow) -> turn_service_pb2.ResumeTurnRequest:
    """The request that follows a turn."""
    return turn_service_pb2.ResumeTurnRequest(turn_id=follow.turn_id, after_sequence=follow.after_sequence)
