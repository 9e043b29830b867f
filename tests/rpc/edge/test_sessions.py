"""One-use tickets for sockets, and cookie sessions: renewed, expired, ended; at more than one edge."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from edge import shared_sessions
from edge.serving import running
from edge.settings import EdgeSettings
from edge.sockets import _RECHECK_SECONDS
from edge.tickets import TICKET_SECONDS, Tickets
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.security.tokens import TokenVerifier
from soma_common.testing.identity import TENANT, TestIdentity
from tests.rpc.edge.conftest import LOOPBACK, Door, UsedUp
from tests.rpc.edge.test_socket import JSON

TICKET, SESSION = "/api/v1/auth/ticket", "/api/v1/auth/session"


@pytest_asyncio.fixture
async def second(settings: EdgeSettings, identity: TestIdentity) -> AsyncIterator[Door]:
    """Another edge of the same installation."""
    async with running(settings) as edge:
        yield Door(edge.port, edge.ops_port, identity)


async def knock(door: Door, offered: str, **options: Any) -> tuple[str, int | None]:
    """What a socket that offers a proof hears first, and with which code it is closed, if it is."""
    protocols: list[Any] = [JSON, offered]
    async with connect(door.socket_url, subprotocols=protocols, **options) as connection:
        assert connection.subprotocol == JSON
        first = json.loads(await connection.recv())
        if first["type"] == "connected":
            return str(first["payload"]["user_id"]), None
        with pytest.raises(ConnectionClosed) as closed:
            await connection.recv()
        assert closed.value.rcvd is not None
        return str(first["payload"]["code"]), closed.value.rcvd.code


async def test_a_ticket_opens_one_socket_at_one_of_the_edges(
    door: Door, second: Door, http: aiohttp.ClientSession, used_up: UsedUp
) -> None:
    async with http.post(TICKET) as reply:
        assert reply.status == 200
        assert reply.headers["cache-control"] == "no-store"
        body = await reply.json()
    assert body["subprotocol"] == f"soma-ticket.{body['ticket']}"
    until = datetime.fromisoformat(body["expire_time"])
    assert timedelta() < until - Clock().now() <= timedelta(seconds=TICKET_SECONDS)
    assert door.token()[:40] not in body["ticket"]
    answers = await asyncio.gather(*(knock(edge, body["subprotocol"]) for edge in (door, second) * 3))
    assert sorted(answers, key=str) == [("INVALID_TOKEN", 4001)] * 5 + [("ada", None)]
    assert len(used_up.tickets) == 1


async def test_a_ticket_needs_an_identity_and_is_nobody_elses(door: Door, stranger: aiohttp.ClientSession) -> None:
    async with stranger.post(TICKET) as reply:
        assert reply.status == 401
    bob = {"Authorization": f"Bearer {door.token(sub='bob')}"}
    async with stranger.post(TICKET, headers=bob) as reply:
        assert await knock(door, (await reply.json())["subprotocol"]) == ("bob", None)


async def test_a_page_gets_one_by_its_session_with_the_csrf_token_only(
    door: Door, stranger: aiohttp.ClientSession
) -> None:
    async with stranger.get("/"):
        pass
    csrf = next(cookie.value for cookie in stranger.cookie_jar if cookie.key.startswith("soma_csrf"))
    own = {"origin": door.url, "x-soma-csrf": csrf}
    for missing in own:
        async with stranger.post(TICKET, headers={name: it for name, it in own.items() if name != missing}) as reply:
            assert reply.status == 403
    async with stranger.post(TICKET, headers=own) as reply:
        offered = (await reply.json())["subprotocol"]
    # The page has proved its origin; what opens a socket with the ticket may be a worker without one.
    assert await knock(door, offered, origin="https://elsewhere.example") == ("owner", None)


async def test_a_ticket_in_the_address_is_none(door: Door, http: aiohttp.ClientSession) -> None:
    async with http.post(TICKET) as reply:
        ticket = (await reply.json())["ticket"]
    protocols: list[Any] = [JSON]
    async with connect(f"{door.socket_url}?ticket={ticket}", subprotocols=protocols) as connection:
        assert json.loads(await connection.recv())["payload"]["code"] == "MISSING_CREDENTIALS"


@pytest.mark.parametrize("text", ["", "AAAA", "A", "x" * 7000], ids=["empty", "short", "no base64", "long"])
async def test_what_is_no_ticket_is_refused(door: Door, text: str) -> None:
    assert await knock(door, f"soma-ticket.{text}") == ("INVALID_TOKEN", 4001)


def test_a_ticket_expires_and_cannot_be_changed_or_made_by_others() -> None:
    class Later(Clock):
        def now(self) -> datetime:
            return super().now() + timedelta(seconds=TICKET_SECONDS + 1)

    text, _ = Tickets(b"k" * 32, Clock(), Ids()).make("token", "header")
    assert Tickets(b"k" * 32, Clock(), Ids()).open(text).credential == "token"
    with pytest.raises(SomaError) as caught:
        Tickets(b"k" * 32, Later(), Ids()).open(text)
    assert caught.value.reason is Reason.EXPIRED_TOKEN
    for key, changed in (
        (b"o" * 32, text),
        (b"k" * 32, text[:-4] + "AAAA"),
        (b"k" * 32, text[:20]),
        (b"k" * 32, "é" * 99),
    ):
        with pytest.raises(SomaError) as caught:
            Tickets(key, Clock(), Ids()).open(changed)
        assert caught.value.reason is Reason.INVALID_TOKEN


async def test_without_control_no_ticket_is_taken_and_the_client_may_come_back(
    door: Door, http: aiohttp.ClientSession, used_up: UsedUp
) -> None:
    used_up.away = True
    async with http.post(TICKET) as reply:
        offered = (await reply.json())["subprotocol"]
    assert await knock(door, offered) == ("DEPENDENCY_DOWN", 1012)
    used_up.away = False
    assert await knock(door, offered) == ("ada", None)


async def test_the_socket_of_a_ticket_ends_with_the_token_it_was_got_with(
    door: Door, stranger: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.sockets._RECHECK_SECONDS", 0.2)
    monkeypatch.setattr("edge.sockets._ROUND_SECONDS", 0.1)
    short = {"Authorization": f"Bearer {door.token(ttl_seconds=-3.5)}"}  # the leeway is 5 s
    async with stranger.post(TICKET, headers=short) as reply:
        offered = (await reply.json())["subprotocol"]
    protocols: list[Any] = [JSON, offered]
    async with connect(door.socket_url, subprotocols=protocols) as connection:
        assert json.loads(await connection.recv())["type"] == "connected"
        assert json.loads(await connection.recv())["payload"]["code"] == "EXPIRED_TOKEN"
        with pytest.raises(ConnectionClosed):
            await connection.recv()
        assert connection.close_code == 4001


def cookie_of(session: aiohttp.ClientSession, name: str) -> str:
    return next(cookie.value for cookie in session.cookie_jar if cookie.key.startswith(name))


async def test_a_session_is_renewed_under_its_id_and_a_planted_one_is_not(
    settings: EdgeSettings, door: Door, stranger: aiohttp.ClientSession
) -> None:
    verifier = TokenVerifier(settings.jwks_path)
    async with stranger.get("/"):
        first = cookie_of(stranger, "soma_session")
    async with stranger.get(SESSION) as reply:
        assert reply.status == 200
        second = cookie_of(stranger, "soma_session")
    assert first != second
    assert verifier.verify(first).sid == verifier.verify(second).sid is not None
    others = door.token(sub="mallory", sid="planted")
    for planted in ("planted", others):
        stranger.cookie_jar.clear()
        headers = {"cookie": f"soma_session_{door.port}={planted}"}
        async with stranger.get(SESSION, headers=headers) as reply:
            assert reply.status == 200
        given = verifier.verify(cookie_of(stranger, "soma_session"))
        assert (given.sub, given.tenant_id) == ("owner", TENANT)
        assert given.sid not in (None, "planted", verifier.verify(first).sid)


async def test_an_ended_session_is_worth_nothing_at_once(door: Door, stranger: aiohttp.ClientSession) -> None:
    assert shared_sessions.LOOK_SECONDS + _RECHECK_SECONDS < 60
    async with stranger.get("/"):
        token, csrf = cookie_of(stranger, "soma_session"), cookie_of(stranger, "soma_csrf")
    own = {"origin": door.url, "x-soma-csrf": csrf}
    async with stranger.delete(SESSION, headers={"origin": door.url}) as reply:
        assert reply.status == 403, "without its CSRF token nobody is logged out"
    async with stranger.delete(SESSION, headers=own) as reply:
        assert reply.status == 204
        gone = [value.lower() for value in reply.headers.getall("set-cookie")]
        assert len(gone) == 2
        assert all("max-age=0" in value and "path=/" in value for value in gone)
    assert not list(stranger.cookie_jar)
    assert await knock(door, f"soma-auth.{token}") == ("INVALID_TOKEN", 4001)
    stolen = {"cookie": f"soma_session_{door.port}={token}"}
    async with stranger.get("/api/v1/chat/conversations", headers=stolen) as reply:
        assert reply.status == 401
        assert "ended" in (await reply.json())["error"]["message"]
    async with stranger.get(SESSION, headers=stolen) as reply:
        assert reply.status == 200, "a browser of this machine gets another one"
    verifier = TokenVerifier(door.identity.jwks_path)
    assert verifier.verify(cookie_of(stranger, "soma_session")).sid != verifier.verify(token).sid


async def test_other_edges_learn_of_an_ended_session(
    settings: EdgeSettings, identity: TestIdentity, used_up: UsedUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_sessions, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr("edge.sockets._RECHECK_SECONDS", 0.2)
    monkeypatch.setattr("edge.sockets._ROUND_SECONDS", 0.1)
    token = identity.user_token("ada", sid="one")
    async with running(replace(settings, http_listen=f"{LOOPBACK}:0")) as edge:
        door = Door(edge.port, edge.ops_port, identity)
        protocols: list[Any] = [JSON, f"soma-auth.{token}"]
        async with connect(door.socket_url, subprotocols=protocols) as connection:
            assert json.loads(await connection.recv())["type"] == "connected"
            used_up.sessions.append("one")  # ended at another edge
            assert json.loads(await connection.recv())["payload"]["code"] == "INVALID_TOKEN"
            with pytest.raises(ConnectionClosed):
                await connection.recv()
            assert connection.close_code == 4001
        assert await knock(door, f"soma-auth.{token}") == ("INVALID_TOKEN", 4001)
        assert await knock(door, f"soma-auth.{identity.user_token('ada', sid='two')}") == ("ada", None)


@pytest.mark.parametrize("proof", ["header", "none"])
async def test_only_a_session_can_be_ended(door: Door, stranger: aiohttp.ClientSession, proof: str) -> None:
    headers = {"Authorization": f"Bearer {door.token()}"} if proof == "header" else {}
    async with stranger.delete(SESSION, headers=headers) as reply:
        assert reply.status == 401
