"""Wrong frames get an `error` frame and the socket lives on; wrong identities get their close code."""

import json
from typing import Any
from uuid import uuid4

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from soma_common.testing.mesh import Mesh
from tests.e2e.support.person import Person
from tests.e2e.support.socket_door import SUBPROTOCOL, open_socket


def frame(kind: Any, payload: Any = None, frame_id: Any = "1") -> str:
    return json.dumps({"type": kind, "id": frame_id, "payload": {} if payload is None else payload})


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("{nonsense", "MALFORMED_MESSAGE"),
        ("[]", None),
        ("5", None),
        (b"\xff\x00\x01", "MALFORMED_MESSAGE"),
        ("[" * 500 + "]" * 500, None),
        (json.dumps({"id": "1"}), "INVALID_FIELD"),
        (frame("no.such.thing"), "METHOD_UNKNOWN"),
        (frame(7), "INVALID_FIELD"),
        (frame("chat.send", []), "INVALID_FIELD"),
        (frame("chat.send"), "INVALID_FIELD"),
        (frame("chat.send", {"content": ""}), "INVALID_FIELD"),
        (frame("chat.send", {"content": 5}), "INVALID_FIELD"),
        (frame("chat.send", {"content": "x" * 65537}), "PAYLOAD_TOO_LARGE"),
        (frame("chat.send", {"content": "hi", "colour": "red"}), "INVALID_FIELD"),
        (frame("chat.send", {"content": "hi", "conversation_id": "17"}), "INVALID_FIELD"),
        (frame("chat.send", {"content": "hi", "conversation_id": str(uuid4())}), "RESOURCE_NOT_FOUND"),
        (frame("chat.send", {"content": "hi", "options": {"temperature": 5}}), "INVALID_FIELD"),
        (frame("chat.resume", {"turn_id": str(uuid4()), "after_sequence": 0}), "RESOURCE_NOT_FOUND"),
        (frame("chat.resume", {"turn_id": str(uuid4()), "after_sequence": -1}), "INVALID_FIELD"),
        (frame("chat.cancel", {"turn_id": str(uuid4())}), "RESOURCE_NOT_FOUND"),
        (frame("chat.cancel", {}), "INVALID_FIELD"),
    ],
    ids=lambda value: str(value)[:59],
)
async def test_wrong_frames(ada: Person, raw: str | bytes, code: str | None) -> None:
    async with ada.socket() as socket:
        await socket.until("connected")
        await socket.connection.send(raw)
        error = await socket.until("error", "chat.failed", "chat.started")
        assert error["type"] == "error", error
        assert error["payload"]["message"]
        assert error["payload"]["code"]
        assert "Traceback" not in json.dumps(error)
        if code is not None:
            assert error["payload"]["code"] == code
        await socket.send("ping")
        await socket.until("pong")


async def test_another_ones_conversation_does_not_exist(ada: Person, bob: Person, eve: Person) -> None:
    heard = await ada.grpc.say("Mine alone.")
    for stranger in (bob, eve):
        async with stranger.socket() as socket:
            await socket.send("chat.send", content="hi", conversation_id=heard.started.conversation_id)
            assert (await socket.until("error"))["payload"]["code"] == "RESOURCE_NOT_FOUND"
            await socket.send("chat.resume", turn_id=heard.turn_id, after_sequence=0)
            assert (await socket.until("error"))["payload"]["code"] == "RESOURCE_NOT_FOUND"


async def closed_with(mesh: Mesh, token: str | None, path: str = "") -> int:
    async with open_socket(mesh, token, path=path) as socket:
        with pytest.raises(ConnectionClosed) as caught:
            await socket.until("connected")
        assert caught.value.rcvd is not None
        return caught.value.rcvd.code


async def test_wrong_identities_are_closed_with_4001(mesh: Mesh) -> None:
    for token in ("forged.forged.forged", mesh.token_for("late", ttl_seconds=-60)):
        assert await closed_with(mesh, token) == 4001


async def test_an_unknown_agent_is_closed_with_4004(ada: Person, mesh: Mesh) -> None:
    assert await closed_with(mesh, ada.token, f"/{uuid4()}") == 4004


async def test_the_token_is_never_echoed(ada: Person, mesh: Mesh) -> None:
    subprotocols: Any = [SUBPROTOCOL, f"soma-auth.{ada.token}"]
    async with connect(mesh.socket_url, subprotocols=subprotocols) as connection:
        assert connection.subprotocol == SUBPROTOCOL
        assert connection.response is not None
        assert ada.token not in str(connection.response.headers)
        assert "permessage-deflate" not in str(connection.response.headers), "compression is off"


async def test_a_strange_origin_is_not_let_in_without_a_token(mesh: Mesh) -> None:
    subprotocols: Any = [SUBPROTOCOL]
    origin: Any = "https://evil.example.org"
    async with connect(mesh.socket_url, subprotocols=subprotocols, origin=origin) as connection:
        with pytest.raises(ConnectionClosed):
            while True:
                assert json.loads(await connection.recv())["type"] != "connected"
        assert connection.close_code in (4001, 4003)
