"""Who is asking: the bearer token or API key, what stands among the subprotocols, or the cookie session of a browser.

Nothing here knows routes; `origins.py` judges hosts and origins.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from edge.origins import Origins
from edge.shared_sessions import SharedSessions
from edge.tickets import Tickets
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller, TenantId
from soma_common.rpc.key_exchange import KeyExchange
from soma_common.security.api_keys import is_api_key
from soma_common.security.roles import installation_scopes_for
from soma_common.security.tokens import TokenVerifier, UserSigner

CSRF_HEADER: Final = "x-soma-csrf"
SUBPROTOCOL_TOKEN: Final = "soma-auth."
SUBPROTOCOL_TICKET: Final = "soma-ticket."
_BEARER: Final = "bearer "
_OWNER_ROLES: Final = ("admin",)
_SAFE: Final = frozenset(("GET", "HEAD", "OPTIONS"))


class Proof(StrEnum):
    """How the caller proved who it is."""

    HEADER = "header"
    SUBPROTOCOL = "subprotocol"
    COOKIE = "cookie"


@dataclass(frozen=True, slots=True)
class Identity:
    """A verified caller and the token or key it came with, which is kept only while the connection lasts."""

    caller: Caller
    credential: str
    proof: Proof


@dataclass(frozen=True, slots=True)
class Session:
    """A cookie session: the token and the CSRF token that belongs to it."""

    token: str
    csrf: str


@dataclass(frozen=True, slots=True)
class IdentityTools:
    """What proofs are checked with."""

    verifier: TokenVerifier
    keys: KeyExchange | None
    tickets: Tickets
    shared: SharedSessions


class Identities:
    """Verifies callers; raises the reasons of bad tokens and keys, CALLER_NOT_ALLOWED and ORIGIN_NOT_ALLOWED."""

    def __init__(self, tools: IdentityTools, origins: Origins, cookie: str) -> None:
        self.cookie: Final = cookie
        self._tools = tools
        self._origins = origins

    async def of_request(self, request: HTTPConnection) -> Identity:
        """The caller of an HTTP request; writes by cookie need our own origin and the CSRF token."""
        given = _bearer(request.headers)
        if given is not None:
            return await self._verified(given, Proof.HEADER)
        identity = await self._of_cookie(request)
        if request.scope["method"] not in _SAFE:
            self._origins.demand_own(request.headers)
            sent = request.headers.get(CSRF_HEADER, "")
            if not hmac.compare_digest(sent.encode(), csrf_of(identity.credential).encode()):
                raise SomaError(Reason.ORIGIN_NOT_ALLOWED, {"origin": f"a page without its {CSRF_HEADER} token"})
        return identity

    async def of_socket(self, socket: HTTPConnection, subprotocols: Sequence[str]) -> Identity:
        """The caller of a WebSocket handshake; by cookie only from our own origin."""
        given = _bearer(socket.headers)
        if given is not None:
            return await self._verified(given, Proof.HEADER)
        offered = next((each for each in subprotocols if each.startswith(SUBPROTOCOL_TOKEN)), None)
        if offered is not None:
            return await self._verified(offered.removeprefix(SUBPROTOCOL_TOKEN), Proof.SUBPROTOCOL)
        ticket = next((each for each in subprotocols if each.startswith(SUBPROTOCOL_TICKET)), None)
        if ticket is not None:
            return await self._of_ticket(ticket.removeprefix(SUBPROTOCOL_TICKET))
        identity = await self._of_cookie(socket)
        self._origins.demand_own(socket.headers)
        return identity

    def ticket_for(self, identity: Identity) -> tuple[str, datetime]:
        """The text of a ticket with which the caller opens one socket, and until when."""
        return self._tools.tickets.make(identity.credential, identity.proof.value)

    def known(self, request: HTTPConnection) -> Caller | None:
        """Whose valid cookie session a request brings, if it does."""
        try:
            return self._verify(request.cookies.get(self.cookie, ""))
        except SomaError:
            return None

    async def still_valid(self, identity: Identity) -> SomaError | None:
        """Why an identity does not hold any more, or None."""
        try:
            await self._verified(identity.credential, identity.proof)
        except SomaError as error:
            return error
        return None

    async def _of_cookie(self, request: HTTPConnection) -> Identity:
        token = request.cookies.get(self.cookie)
        if not token:
            raise SomaError(Reason.MISSING_CREDENTIALS)
        return await self._verified(token, Proof.COOKIE)

    async def _of_ticket(self, text: str) -> Identity:
        """The caller for whom a ticket was made; it is used up only when everything else is in order."""
        ticket = self._tools.tickets.open(text)
        identity = await self._verified(ticket.credential, Proof(ticket.proof))
        await self._tools.shared.claim(ticket, identity.caller)
        return identity

    async def _verified(self, credential: str, proof: Proof) -> Identity:
        token = credential
        if self._tools.keys is not None and proof is not Proof.COOKIE and is_api_key(credential):
            token = await self._tools.keys.token_for(credential)
        caller = self._verify(token)
        if caller.service is not None:
            who = f"The service {caller.service}"
            raise SomaError(Reason.CALLER_NOT_ALLOWED, {"caller": who, "method": "the public doors"})
        return Identity(caller, credential, proof)

    def _verify(self, token: str) -> Caller:
        caller = self._tools.verifier.verify(token)
        if self._tools.shared.is_ended(caller.sid):
            raise SomaError(Reason.INVALID_TOKEN, {"problem": "its session was ended"})
        return caller


class SessionMaker:
    """Makes the session of the owner for a browser on the same machine, in the standalone shape only."""

    def __init__(self, signer: UserSigner, ids: Ids, tenant_id: TenantId, owner_sub: str, ttl_seconds: float) -> None:
        self.ttl_seconds: Final = ttl_seconds
        self._signer = signer
        self._ids = ids
        self._tenant_id = tenant_id
        self._owner_sub = owner_sub

    def make(self, known: Caller | None = None) -> Session:
        """A new session, or a fresh token for that of the owner which a browser has already."""
        goes_on = known is not None and (known.tenant_id, known.sub) == (self._tenant_id, self._owner_sub)
        session_id = known.sid if known is not None and goes_on else None
        token = self._signer.mint(
            self._tenant_id,
            self._owner_sub,
            _OWNER_ROLES,
            self.ttl_seconds,
            session_id or str(self._ids.uuid4()),
            scopes=installation_scopes_for(_OWNER_ROLES),
        )
        return Session(token, csrf_of(token))


def csrf_of(token: str) -> str:
    """The CSRF token of a session: it does not tell the session, and only who has the session can make it."""
    digest = hmac.new(token.encode("utf-8", "replace"), b"soma-csrf", sha256).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _bearer(headers: Headers) -> str | None:
    header = headers.get("authorization")
    if header is None:
        return None
    if not header.lower().startswith(_BEARER):
        raise SomaError(Reason.INVALID_TOKEN, {"problem": "it is not sent as a bearer token"})
    return header[len(_BEARER) :].strip()
