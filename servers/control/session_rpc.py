"""Servicer of what was used up: protos in, values to the use cases.

Nothing is decided here.
"""

from datetime import UTC
from typing import Any

from servers.control.sessions import Sessions
from soma.control.v1 import session_service_pb2 as session_pb
from soma.control.v1 import session_service_pb2_grpc as session_grpc
from soma_common.rpc.call import current_call


class SessionServicer(session_grpc.SessionServiceServicer):
    """`soma.control.v1.SessionService`."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def ClaimTicket(  # noqa: N802 - the contract's name
        self, request: session_pb.ClaimTicketRequest, _: Any
    ) -> session_pb.ClaimTicketResponse:
        """Count a ticket as used."""
        tenant, until = current_call().caller.tenant_id, request.expire_time.ToDatetime(UTC)
        await self._sessions.claim_ticket(tenant, request.ticket_id, request.request_id, until)
        return session_pb.ClaimTicketResponse()

    async def EndSession(  # noqa: N802 - the contract's name
        self, request: session_pb.EndSessionRequest, _: Any
    ) -> session_pb.EndSessionResponse:
        """End a session."""
        tenant, until = current_call().caller.tenant_id, request.expire_time.ToDatetime(UTC)
        await self._sessions.end(tenant, request.session_id, request.request_id, until)
        return session_pb.EndSessionResponse()

    async def ListEndedSessions(  # noqa: N802 - the contract's name
        self, request: session_pb.ListEndedSessionsRequest, _: Any
    ) -> session_pb.ListEndedSessionsResponse:
        """The sessions that were ended."""
        return session_pb.ListEndedSessionsResponse(session_ids=await self._sessions.ended(request.page_size))
