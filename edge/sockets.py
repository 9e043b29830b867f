"""The door of the WebSockets: the handshake, who is let in and how many, and all connections at the end.

Nothing here knows what is said on a connection; `socket.py` runs it.
"""

import asyncio
import re
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from starlette.websockets import WebSocket

from edge.actions import AGENT_NOT_FOUND, FORBIDDEN, POLICY, RESTART, TOO_MANY, UNAUTHENTICATED
from edge.codecs import binary, json
from edge.codecs.form import Codec
from edge.exchange import exchange_of
from edge.frames import Refused, Welcome
from edge.identity import SUBPROTOCOL_TICKET, SUBPROTOCOL_TOKEN, Identity
from edge.session import Session
from edge.socket import Socket
from edge.socket_tools import SocketTools
from soma_common.kernel.errors import SomaError, invalid_field, not_found
from soma_common.kernel.reasons import Kind, Reason
from soma_common.kernel.tenancy import Caller
from soma_common.logging import get_logger
from soma_common.rpc.call import acting_as

_LOG: Final = get_logger("soma.edge.socket")
SUBPROTOCOL_CLIENT: Final = "soma-client."
_NOT_SPOKEN: Final = (SUBPROTOCOL_TOKEN, SUBPROTOCOL_TICKET, SUBPROTOCOL_CLIENT)
_CLIENT: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
_RECHECK_SECONDS: Final = 20.0
_ROUND_SECONDS: Final = 1.0
_CLOSE_CODES: Final[Mapping[Kind, int]] = {
    Kind.UNAUTHENTICATED: UNAUTHENTICATED,
    Kind.PERMISSION_DENIED: FORBIDDEN,
    Kind.NOT_FOUND: AGENT_NOT_FOUND,
    Kind.RESOURCE_EXHAUSTED: TOO_MANY,
    Kind.UNAVAILABLE: RESTART,
    Kind.DEADLINE_EXCEEDED: RESTART,
}


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """How many connections may be open."""

    per_user: int
    per_tenant: int


class Sockets:
    """All WebSockets of this process."""

    def __init__(self, tools: SocketTools, limits: SocketLimits) -> None:
        self._tools = tools
        self._limits = limits
        self._codecs: Mapping[str, Codec] = {
            json.SUBPROTOCOL: json.JsonCodec(tools.clock),
            binary.SUBPROTOCOL: binary.BinaryCodec(tools.clock),
        }
        self._open: set[Socket] = set()
        self._rounds: deque[tuple[float, Socket]] = deque()
        self._round: asyncio.TimerHandle | None = None
        self._users: Counter[object] = Counter()
        self._tenants: Counter[object] = Counter()
        self._clients: dict[tuple[object, str, str], Socket] = {}
        self._leaving = False

    async def connect(self, websocket: WebSocket) -> None:
        """One handshake, and the connection that comes of it."""
        offered: list[str] = websocket.scope.get("subprotocols", [])
        spoken = [name for name in offered if not name.startswith(_NOT_SPOKEN)]
        name = next((each for each in spoken if each in self._codecs), None)
        codec = self._codecs[name or json.SUBPROTOCOL]
        await websocket.accept(subprotocol=name)
        try:
            client = _client_of(offered)
            identity = await self._admit(websocket, offered, client)
            if spoken and name is None:
                raise SomaError(Reason.METHOD_UNKNOWN, {"method": f"among the subprotocols {', '.join(spoken)[:100]}"})
            # A token or ticket among them makes both long, and nobody asks for them again.
            websocket.scope["headers"].clear()
            offered.clear()
            await self._serve(websocket, codec, identity, client)
        except SomaError as error:
            await _refuse(websocket, codec, error)

    async def leave(self, patience_seconds: float) -> None:
        """Tells every connection that the server goes down, and waits for them to close."""
        self._leaving = True
        for socket in list(self._open):
            socket.leave()
        try:
            async with asyncio.timeout(patience_seconds):
                while self._open:
                    await asyncio.sleep(0.02)
        except TimeoutError:
            _LOG.info("sockets did not close in time", sockets=len(self._open))

    async def _admit(self, websocket: WebSocket, offered: list[str], client: str) -> Identity:
        if self._leaving:
            raise SomaError(Reason.SHUTTING_DOWN)
        identity = await self._tools.identities.of_socket(websocket, offered)
        caller = identity.caller
        # The one that it takes the place of is about to go.
        gone = int((*_user(caller), client) in self._clients)
        for count, most, whose in (
            (self._users[_user(caller)], self._limits.per_user, "user"),
            (self._tenants[caller.tenant_id], self._limits.per_tenant, "tenant"),
        ):
            if count - gone >= most:
                raise SomaError(
                    Reason.RATE_LIMITED, {"limit": f"{most} connections of one {whose}"}, retry_after_seconds=10.0
                )
        return identity

    async def _serve(self, websocket: WebSocket, codec: Codec, identity: Identity, client: str) -> None:
        caller = identity.caller
        self._users[_user(caller)] += 1
        self._tenants[caller.tenant_id] += 1
        self._tools.metrics.sockets.inc()
        try:
            socket = await self._greeted(websocket, codec, identity)
            self._open.add(socket)
            self._recheck_later(socket)
            self._take_place((*_user(caller), client), socket)
            try:
                await socket.run()
            finally:
                self._open.discard(socket)
                self._give_place((*_user(caller), client), socket)
        finally:
            self._tools.metrics.sockets.dec()
            _count_down(self._users, _user(caller))
            _count_down(self._tenants, caller.tenant_id)

    async def _greeted(self, websocket: WebSocket, codec: Codec, identity: Identity) -> Socket:
        caller = identity.caller
        with acting_as(caller, exchange_of(websocket).correlation_id):
            agents, features = await self._tools.directory.for_welcome()
            agent_id = await self._agent_of(websocket, agents)
        session = Session(
            lambda now: self._tools.allowances.take(_user(caller), now),
            self._tools.limits,
            self._tools.allowances.sentence,
            agent_id,
        )
        socket = Socket(websocket, codec, session, identity, self._tools)
        socket.greet(Welcome(caller.sub, str(caller.tenant_id), agents, features, tuple(sorted(caller.roles))))
        return socket

    def _take_place(self, client: tuple[object, str, str], socket: Socket) -> None:
        """A client that has a name and comes back needs its former connection no more, which may not know yet."""
        if not client[-1]:
            return
        former = self._clients.get(client)
        self._clients[client] = socket
        if former is not None:
            former.supersede()

    def _give_place(self, client: tuple[object, str, str], socket: Socket) -> None:
        if self._clients.get(client) is socket:
            del self._clients[client]

    def _recheck_later(self, socket: Socket) -> None:
        """Puts a socket at the end of the round in which identities are asked for again."""
        loop = asyncio.get_running_loop()
        self._rounds.append((loop.time() + _RECHECK_SECONDS, socket))
        if self._round is None:
            self._round = loop.call_later(_ROUND_SECONDS, self._recheck)

    def _recheck(self) -> None:
        """One timer for all sockets: asks those whose time has come whether their identity still holds."""
        self._round = None
        now = asyncio.get_running_loop().time()
        while self._rounds and self._rounds[0][0] <= now:
            _, socket = self._rounds.popleft()
            if socket in self._open:
                socket.recheck()
                self._recheck_later(socket)
        if self._rounds and self._round is None:
            self._round = asyncio.get_running_loop().call_later(_ROUND_SECONDS, self._recheck)

    async def _agent_of(self, websocket: WebSocket, agents: tuple[tuple[str, str], ...]) -> str:
        """The agent that the path names by id or name; empty when it names none."""
        named = str(websocket.path_params.get("agent_id", ""))
        if not named:
            return ""
        known = _find(named, agents) or _find(named, await self._fresh_agents(agents))
        if known:
            return known
        if not agents and _is_uuid(named):
            return named  # the list could not be had: the turn itself will say
        raise not_found("agent", named[:100])

    async def _fresh_agents(self, agents: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        if not agents:
            return ()
        return tuple((agent.agent_id, agent.name) for agent in await self._tools.directory.agents(fresh=True))


def _client_of(offered: list[str]) -> str:
    """The name that a client gives itself, so that it is known when it comes back; empty without one."""
    named = next((each for each in offered if each.startswith(SUBPROTOCOL_CLIENT)), "")
    client = named.removeprefix(SUBPROTOCOL_CLIENT)
    if named and not _CLIENT.fullmatch(client):
        raise invalid_field(f"{SUBPROTOCOL_CLIENT}…", "it must be 8 to 64 letters, digits, dots, dashes or underscores")
    return client


def _find(named: str, agents: tuple[tuple[str, str], ...]) -> str:
    return next((agent_id for agent_id, name in agents if named in (agent_id, name)), "")


def _user(caller: Caller) -> tuple[object, str]:
    return caller.tenant_id, caller.sub


def _count_down(counter: Counter[object], key: object) -> None:
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


async def _refuse(websocket: WebSocket, codec: Codec, error: SomaError) -> None:
    written = codec.write(Refused("", error))
    if isinstance(written, str):
        await websocket.send_text(written)
    elif written is not None:
        await websocket.send_bytes(written)
    await websocket.close(close_code(error), error.reason.value)


def close_code(error: SomaError) -> int:
    """With which code a socket ends that an error does not let begin."""
    return _CLOSE_CODES.get(error.kind, POLICY)
