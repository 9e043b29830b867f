"""What every edge must know of what happened at another one: asked and told at control, which remembers it.

Nothing here verifies or makes anything.
"""

import asyncio
from collections.abc import Collection
from datetime import timedelta
from typing import Final

from edge.bridge import Mesh
from edge.tickets import Ticket
from soma.control.v1 import session_service_pb2 as session_pb
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import Caller, service_caller
from soma_common.logging import get_logger
from soma_common.rpc.call import acting_as

_LOG: Final = get_logger("soma.edge.sessions")
_SERVICE: Final = "/soma.control.v1.SessionService"
# With what a socket waits until it asks again, an ended session ends its sockets within a minute.
LOOK_SECONDS: Final = 10.0
_ASK_SECONDS: Final = 5.0


class SharedSessions:
    """Tickets that were used and sessions that were ended, at any edge."""

    def __init__(self, mesh: Mesh, clock: Clock, ids: Ids) -> None:
        self._mesh = mesh
        self._clock = clock
        self._ids = ids
        self._ended: Collection[str] = frozenset()

    def is_ended(self, session_id: str | None) -> bool:
        """Whether a session was ended, as far as it is known here."""
        return session_id is not None and session_id in self._ended

    async def claim(self, ticket: Ticket, caller: Caller) -> None:
        """Uses a ticket up. Raises INVALID_TOKEN when it was used before, DEPENDENCY_DOWN when nobody can say."""
        request_id = str(self._ids.uuid7())
        request = session_pb.ClaimTicketRequest(ticket_id=ticket.ticket_id, request_id=request_id)
        request.expire_time.FromDatetime(ticket.expire_time)
        with acting_as(caller, request_id, _ASK_SECONDS):
            await self._mesh.ask(f"{_SERVICE}/ClaimTicket", request, session_pb.ClaimTicketResponse)

    async def end(self, caller: Caller, session_id: str, longest_seconds: float) -> None:
        """Ends a session, here at once and at the other edges with their next look."""
        request_id = str(self._ids.uuid7())
        request = session_pb.EndSessionRequest(session_id=session_id, request_id=request_id)
        request.expire_time.FromDatetime(self._clock.now() + timedelta(seconds=longest_seconds))
        with acting_as(caller, request_id, _ASK_SECONDS):
            await self._mesh.ask(f"{_SERVICE}/EndSession", request, session_pb.EndSessionResponse)
        self._ended = {*self._ended, session_id}

    async def keep_looking(self) -> None:
        """Asks again and again which sessions were ended; what is known stays while nobody can say."""
        reached = True
        while True:
            try:
                await self.look()
                reached = True
            except SomaError as error:
                if reached:
                    _LOG.info("which sessions were ended cannot be asked", reason=error.reason.value)
                reached = False
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Asks once."""
        with acting_as(service_caller("edge"), str(self._ids.uuid7()), _ASK_SECONDS):
            answer = await self._mesh.ask(
                f"{_SERVICE}/ListEndedSessions",
                session_pb.ListEndedSessionsRequest(),
                session_pb.ListEndedSessionsResponse,
            )
        self._ended = frozenset(answer.session_ids)
