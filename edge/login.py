"""Sessions and tickets as a browser asks for them: a session given, renewed and ended, and a ticket for a socket.

Nothing here knows the page; `identity.py` verifies.
"""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from edge.exchange import exchange_of
from edge.identity import SUBPROTOCOL_TICKET, Identities, Proof, SessionMaker
from edge.origins import Origins
from edge.problems import json_response, problem_response
from edge.shared_sessions import SharedSessions
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason


@dataclass(frozen=True, slots=True)
class SessionCookies:
    """The names of the two cookies of a session, and whether they travel by TLS only."""

    session: str
    csrf: str
    secure: bool


@dataclass(frozen=True, slots=True)
class Login:
    """The doors of sessions; `sessions` is None where nobody gets one without a login."""

    origins: Origins
    sessions: SessionMaker | None
    cookies: SessionCookies
    identities: Identities
    shared: SharedSessions

    async def renew(self, request: Request) -> Response:
        """`GET /api/v1/auth/session`: a fresh session for one that ends, under the conditions of `/`."""
        exchange_of(request).route = request.url.path
        response = json_response({"renewed": self.sessions is not None})
        if not self.give(request, response):
            return problem_response(SomaError(Reason.MISSING_CREDENTIALS))
        return response

    async def end(self, request: Request) -> Response:
        """`DELETE /api/v1/auth/session`: the session of the cookie ends everywhere, its sockets within a minute."""
        exchange = exchange_of(request)
        exchange.route = request.url.path
        exchange.identity = identity = await self.identities.of_request(request)
        session_id = identity.caller.sid
        if identity.proof is not Proof.COOKIE or session_id is None or self.sessions is None:
            return problem_response(SomaError(Reason.MISSING_CREDENTIALS))
        await self.shared.end(identity.caller, session_id, self.sessions.ttl_seconds)
        response = Response(status_code=204, headers={"cache-control": "no-store"})
        for name, hidden in ((self.cookies.session, True), (self.cookies.csrf, False)):
            response.delete_cookie(name, path="/", secure=self.cookies.secure, httponly=hidden, samesite="strict")
        return response

    async def ticket(self, request: Request) -> Response:
        """`POST /api/v1/auth/ticket`: what opens one WebSocket within half a minute, for the caller."""
        exchange = exchange_of(request)
        exchange.route = request.url.path
        exchange.identity = identity = await self.identities.of_request(request)
        text, until = self.identities.ticket_for(identity)
        written = until.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        body = {"ticket": text, "subprotocol": f"{SUBPROTOCOL_TICKET}{text}", "expire_time": written}
        return json_response(body)

    def give(self, request: Request, response: Response) -> bool:
        """Puts a session on an answer to a browser of this machine; one that it has goes on under its id."""
        host = request.client.host if request.client is not None else None
        if self.sessions is None or not self.origins.is_own_browser(request.headers, host):
            return False
        session = self.sessions.make(self.identities.known(request))
        age = int(self.sessions.ttl_seconds)
        for name, value, hidden in (
            (self.cookies.session, session.token, True),
            (self.cookies.csrf, session.csrf, False),
        ):
            response.set_cookie(
                name, value, max_age=age, path="/", secure=self.cookies.secure, httponly=hidden, samesite="strict"
            )
        return True
