"""Journeys over the WebSocket, in both forms."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from soma.chat.v1 import message_pb2
from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.edge.v1 import frame_pb2
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import OTHER_TENANT
from tests.rpc.edge.conftest import Door
from tests.rpc.edge.scripted_chat import AGENT_ID, ANSWER, RECEIPT_ID, Script, ScriptedChat

JSON, PROTO = "soma.edge.v1.json", "soma.edge.v1.proto"
ENDS = ("chat.done", "chat.failed", "chat.cancelled", "error")


class Talk:
    """A JSON connection."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, kind: str, frame_id: str = "f", **payload: Any) -> None:
        await self.connection.send(json.dumps({"type": kind, "id": frame_id, "payload": payload}))

    async def hear(self) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(await asyncio.wait_for(self.connection.recv(), 10))
        return frame

    async def until(self, *kinds: str) -> list[dict[str, Any]]:
        frames = [await self.hear()]
        while frames[-1]["type"] not in kinds:
            frames.append(await self.hear())
        return frames


@asynccontextmanager
async def talk(door: Door, token: str | None = None, path: str = "") -> AsyncIterator[Talk]:
    protocols: list[Any] = [JSON, f"soma-auth.{token or door.token()}"]
    async with connect(f"{door.socket_url}{path}", subprotocols=protocols) as connection:
        assert connection.subprotocol == JSON
        yield Talk(connection)


def text_of(frames: list[dict[str, Any]]) -> str:
    return "".join(frame["payload"]["delta"] for frame in frames if frame["type"] == "chat.delta")


async def test_a_turn(door: Door, chat: ScriptedChat) -> None:
    async with talk(door) as socket:
        welcome = await socket.hear()
        assert welcome["type"] == "connected"
        assert welcome["payload"]["user_id"] == "ada"
        assert welcome["payload"]["agents"] == [{"agent_id": AGENT_ID, "name": "soma"}]
        assert welcome["payload"]["features"] == {"memory": True}
        assert welcome["payload"]["roles"] == ["member"]
        await socket.send("chat.send", content="Hello", options={"temperature": 0.1})
        frames = await socket.until(*ENDS)
    assert frames[0]["type"] == "chat.started"
    done = frames[-1]["payload"]
    assert text_of(frames) == done["content"] == "".join(ANSWER)
    assert (done["receipt_id"], done["cost"], done["finish_reason"]) == (RECEIPT_ID, {"micros": "42"}, "stop")
    assert {frame["id"] for frame in frames} == {"f"}
    [sent] = chat.asked(turn_pb.SendMessageRequest)
    assert sent.options.temperature == 0.1
    assert sent.on_disconnect == turn_pb.ON_DISCONNECT_CONTINUE


async def test_several_turns_at_once(door: Door, chat: ScriptedChat) -> None:
    chat.script = Script(gap_seconds=0.01)
    async with talk(door) as socket:
        await socket.hear()
        for number in range(5):
            await socket.send("chat.send", f"f{number}", content=f"Hello {number}")
        texts: dict[str, str] = {}
        done: dict[str, str] = {}
        while len(done) < 5:
            frame = await socket.hear()
            if frame["type"] == "chat.delta":
                texts[frame["id"]] = texts.get(frame["id"], "") + frame["payload"]["delta"]
            elif frame["type"] == "chat.done":
                done[frame["id"]] = frame["payload"]["content"]
    assert texts == done == {f"f{number}": "".join(ANSWER) for number in range(5)}


async def test_more_turns_than_one_connection_to_chat_can_carry(door: Door, chat: ScriptedChat) -> None:
    chat.script = Script(pieces=("slow ",) * 4, first_gap_seconds=1.5, gap_seconds=0.05)

    async def person() -> int:
        async with talk(door) as socket:
            for number in range(15):
                await socket.send("chat.send", f"f{number}", content="Hello")
            frames: list[dict[str, Any]] = []
            while sum(frame["type"] in ENDS for frame in frames) < 15:
                frames.append(await socket.hear())
            return sum(frame["type"] == "chat.done" for frame in frames)

    assert await asyncio.gather(*(person() for _ in range(12))) == [15] * 12


async def test_a_socket_that_closes_does_not_stop_the_turn_and_another_resumes(door: Door, chat: ScriptedChat) -> None:
    chat.script = Script(gap_seconds=0.03)
    async with talk(door) as socket:
        await socket.send("chat.send", content="Hello")
        heard = [frame for frame in await socket.until("chat.delta") if frame["type"] == "chat.delta"]
    last = heard[-1]["payload"]
    async with talk(door) as socket:
        await socket.send("chat.resume", turn_id=last["turn_id"], after_sequence=last["sequence"])
        frames = await socket.until(*ENDS)
    assert text_of(heard + frames) == frames[-1]["payload"]["content"] == "".join(ANSWER)
    assert [turn.ended for turn in chat.turns.values()] == [True]


async def test_a_cut_is_mended_unseen(door: Door, chat: ScriptedChat) -> None:
    chat.script = Script(cut_after=2)
    async with talk(door) as socket:
        await socket.send("chat.send", content="Hello")
        frames = await socket.until(*ENDS)
    assert text_of(frames) == frames[-1]["payload"]["content"] == "".join(ANSWER)
    assert chat.cuts >= 4


async def test_a_turn_is_stopped(door: Door, chat: ScriptedChat) -> None:
    chat.script = Script(pieces=("tick ",) * 1000, gap_seconds=0.02)
    async with talk(door) as socket:
        await socket.send("chat.send", content="Count")
        turn_id = (await socket.until("chat.delta"))[-1]["payload"]["turn_id"]
        await socket.send("chat.cancel", "stop", turn_id=turn_id)
        end = (await socket.until(*ENDS))[-1]
        assert end["type"] == "chat.cancelled"
        assert end["payload"]["partial_text_kept"] is True
        await socket.send("chat.cancel", "again", turn_id=str(uuid4()))
        error = await socket.hear()
    assert (error["type"], error["id"], error["payload"]["code"]) == ("error", "again", "RESOURCE_NOT_FOUND")


async def test_a_failure_and_a_refusal(door: Door, chat: ScriptedChat) -> None:
    failed = event_pb.TurnFailed(
        reason="MODEL_TIMEOUT", sentence="Too slow.", retry_after_seconds=3, partial_text_kept=True
    )
    async with talk(door) as socket:
        chat.script = Script(failure=failed)
        await socket.send("chat.send", content="Hello")
        end = (await socket.until(*ENDS))[-1]
        assert end["type"] == "chat.failed"
        assert (end["payload"]["code"], end["payload"]["retry_after"]) == ("MODEL_TIMEOUT", 3)
        chat.script = Script(refusal=SomaError(Reason.CONVERSATION_CLOSED, {"status": "archived"}))
        await socket.send("chat.send", "g", content="Hello")
        error = await socket.hear()
    assert (error["type"], error["id"], error["payload"]["code"]) == ("error", "g", "CONVERSATION_CLOSED")


async def test_who_wakes_an_agent_says_so_and_who_meets_a_frozen_one_hears_what_to_do(
    door: Door, chat: ScriptedChat
) -> None:
    async with talk(door) as socket:
        await socket.send("chat.send", content="Hello", options={"wake": True})
        await socket.until(*ENDS)
        [asked] = chat.asked(turn_pb.SendMessageRequest)
        assert asked.options.wake
        chat.script = Script(refusal=SomaError(Reason.AGENT_FROZEN, {"agent_id": "a1"}))
        await socket.send("chat.send", "g", content="Hello")
        error = await socket.hear()
    assert (error["type"], error["id"], error["payload"]["code"]) == ("error", "g", "AGENT_FROZEN")
    assert error["payload"]["message"] == SomaError(Reason.AGENT_FROZEN, {"agent_id": "a1"}).sentence


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("{", "MALFORMED_MESSAGE"),
        ("[]", "MALFORMED_MESSAGE"),
        ('"x"', "MALFORMED_MESSAGE"),
        ("", "INVALID_FIELD"),
        (b"\x00\x01", "MALFORMED_MESSAGE"),
        ("{}", "INVALID_FIELD"),
        ('{"type": 7}', "INVALID_FIELD"),
        ('{"type": "no.such.thing"}', "METHOD_UNKNOWN"),
        ('{"type": "ping", "id": 7}', "INVALID_FIELD"),
        ('{"type": "ping", "payload": []}', "INVALID_FIELD"),
        ('{"type": "ping", "payload": {"x": 1}}', "INVALID_FIELD"),
        ('{"type": "chat.send"}', "INVALID_FIELD"),
        ('{"type": "chat.send", "payload": {"content": 7}}', "INVALID_FIELD"),
        ('{"type": "chat.send", "payload": {"content": "x", "request_id": "y"}}', "INVALID_FIELD"),
        ('{"type": "chat.send", "payload": {"content": "x", "conversation_id": "y"}}', "INVALID_FIELD"),
        (json.dumps({"type": "chat.send", "payload": {"content": "x" * 65537}}), "PAYLOAD_TOO_LARGE"),
        ('{"type": "chat.resume", "payload": {"turn_id": "y"}}', "INVALID_FIELD"),
        ('{"type": "chat.resume", "payload": {"after_sequence": -1}}', "INVALID_FIELD"),
        ('{"type": "chat.cancel", "payload": {}}', "INVALID_FIELD"),
        ('{"a":' * 60 + "1" + "}" * 60, "INVALID_FIELD"),
    ],
)
async def test_what_cannot_be_read_is_said_and_the_connection_stays(door: Door, sent: str | bytes, code: str) -> None:
    async with talk(door) as socket:
        await socket.hear()
        await socket.connection.send(sent)
        error = await socket.hear()
        assert error["type"] == "error"
        assert error["payload"]["code"] == code
        assert error["payload"]["message"]
        await socket.send("ping", "p")
        assert await socket.hear() | {"timestamp": ""} == {"type": "pong", "id": "p", "timestamp": "", "payload": {}}


@pytest.mark.parametrize("given", ["", "forged.forged.forged", "expired", "other-key", "service"])
async def test_a_handshake_without_identity_is_closed_with_4001(door: Door, given: str) -> None:
    token = given
    if given == "expired":
        token = door.token(ttl_seconds=-60)
    elif given == "other-key":
        token = door.identity.signed({"sub": "ada"}, door.identity.service_keys["chat"])
    elif given == "service":
        from soma_common.testing.identity import user

        token = door.identity.signer("chat").token_for(user())
    protocols: list[Any] = [JSON, *([f"soma-auth.{token}"] if token else [])]
    async with connect(door.socket_url, subprotocols=protocols) as connection:
        error = json.loads(await connection.recv())
        assert error["type"] == "error"
        with pytest.raises(ConnectionClosed) as closed:
            await connection.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == (4003 if given == "service" else 4001)
    assert token == "" or token not in str(error)


async def test_a_token_in_the_header_and_an_agent_in_the_path(door: Door, chat: ScriptedChat) -> None:
    headers = {"Authorization": f"Bearer {door.token()}"}
    for named in (AGENT_ID, "soma"):
        async with connect(f"{door.socket_url}/{named}", additional_headers=headers) as connection:
            socket = Talk(connection)
            await socket.send("chat.send", content="Hello")
            await socket.until("chat.done")
    assert {sent.agent_id for sent in chat.asked(turn_pb.SendMessageRequest)} == {AGENT_ID}
    async with connect(f"{door.socket_url}/{uuid4()}", additional_headers=headers) as connection:
        assert json.loads(await connection.recv())["payload"]["code"] == "RESOURCE_NOT_FOUND"
        with pytest.raises(ConnectionClosed) as closed:
            await connection.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4004


async def test_a_subprotocol_that_nobody_speaks(door: Door) -> None:
    protocols: list[Any] = ["graphql-ws", f"soma-auth.{door.token()}"]
    async with connect(door.socket_url, subprotocols=protocols) as connection:
        assert connection.subprotocol is None
        assert json.loads(await connection.recv())["payload"]["code"] == "METHOD_UNKNOWN"
        with pytest.raises(ConnectionClosed) as closed:
            await connection.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4008


@pytest.mark.parametrize("changes", [{"messages_per_minute": 1}])
async def test_the_rate_is_limited_per_user(door: Door, changes: dict[str, Any]) -> None:
    async with talk(door) as socket, talk(door) as twin, talk(door, door.token(sub="bob")) as other:
        await socket.send("chat.send", content="Hello")
        await socket.until("chat.done")
        await twin.send("chat.send", content="Hello")
        error = (await twin.until("error"))[-1]["payload"]
        assert error["code"] == "RATE_LIMITED"
        assert 0 < error["retry_after"] <= 60
        await other.send("chat.send", content="Hello")
        assert (await other.until(*ENDS))[-1]["type"] == "chat.done"


@pytest.mark.parametrize("changes", [{"connections_per_user": 2}])
async def test_connections_are_counted_per_user(door: Door, changes: dict[str, Any]) -> None:
    for _ in range(3):  # what is closed is not counted any more
        async with talk(door) as first, talk(door) as second:
            await first.hear()
            await second.hear()
            async with talk(door) as third:
                assert (await third.hear())["payload"]["code"] == "RATE_LIMITED"
                with pytest.raises(ConnectionClosed) as closed:
                    await third.hear()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4029
            async with talk(door, door.token(tenant_id=OTHER_TENANT)) as other:
                assert (await other.hear())["type"] == "connected"
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("changes", [{"connections_per_user": 2}])
async def test_a_client_that_comes_back_takes_the_place_of_itself(door: Door, changes: dict[str, Any]) -> None:
    named: list[Any] = [JSON, f"soma-auth.{door.token()}", "soma-client.laptop-1"]
    others: list[Any] = [JSON, f"soma-auth.{door.token(sub='bob')}", "soma-client.laptop-1"]
    async with talk(door) as beside, connect(door.socket_url, subprotocols=others) as bob:
        async with connect(door.socket_url, subprotocols=named) as first:
            assert json.loads(await first.recv())["type"] == "connected"
            # Both of two connections are in use, one of them by what is replaced.
            async with connect(door.socket_url, subprotocols=named) as second:
                with pytest.raises(ConnectionClosed):
                    await asyncio.wait_for(first.recv(), 10)
                assert first.close_code == 4009
                assert json.loads(await second.recv())["type"] == "connected"
                await second.send(json.dumps({"type": "ping", "id": "p"}))
                assert json.loads(await second.recv())["type"] == "pong"
        for other in (beside.connection, bob):
            await other.send(json.dumps({"type": "ping", "id": "p"}))
            assert [json.loads(await other.recv())["type"] for _ in range(2)] == ["connected", "pong"]
    short: list[Any] = [JSON, f"soma-auth.{door.token()}", "soma-client.x"]
    async with connect(door.socket_url, subprotocols=short) as refused:
        assert json.loads(await refused.recv())["payload"]["code"] == "INVALID_FIELD"
        with pytest.raises(ConnectionClosed):
            await refused.recv()
        assert refused.close_code == 4008


async def test_the_binary_form_forwards_events_untouched(door: Door, chat: ScriptedChat) -> None:
    chat.script = Script(reasoning="hm", tool_calls=(message_pb2.ToolCall(call_id="c", name="n", arguments_json="{}"),))
    protocols: list[Any] = [PROTO, f"soma-auth.{door.token()}"]
    async with connect(door.socket_url, subprotocols=protocols) as connection:

        async def hear() -> frame_pb2.ServerFrame:
            raw = await asyncio.wait_for(connection.recv(), 10)
            assert isinstance(raw, bytes)
            return frame_pb2.ServerFrame.FromString(raw)

        assert connection.subprotocol == PROTO
        assert (await hear()).connected.user_id == "ada"
        await connection.send(b"\xff\xff\xff")
        assert (await hear()).error.code == "MALFORMED_MESSAGE"
        await connection.send("text")
        assert (await hear()).error.code == "MALFORMED_MESSAGE"
        await connection.send(frame_pb2.ClientFrame(id="e").SerializeToString())
        assert (await hear()).error.code == "METHOD_UNKNOWN"
        await connection.send(frame_pb2.ClientFrame(id="p", ping=frame_pb2.Ping()).SerializeToString())
        assert (await hear()).WhichOneof("payload") == "pong"
        say = frame_pb2.ClientFrame(id="f", send=frame_pb2.ChatSend(content="Hello"))
        await connection.send(say.SerializeToString())
        events: list[bytes] = []
        while not events or event_pb.TurnEvent.FromString(events[-1]).WhichOneof("event") != "completed":
            frame = await hear()
            assert frame.id == "f"
            events.append(frame.turn_event)
    [turn] = chat.turns.values()
    assert events == [event.SerializeToString() for event in turn.events]


async def test_the_end_of_a_token_ends_the_socket(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.sockets._RECHECK_SECONDS", 0.2)
    async with talk(door, door.token(ttl_seconds=-4)) as socket:  # the verifier forgives 5 seconds
        assert (await socket.hear())["type"] == "connected"
        assert (await socket.hear())["payload"]["code"] == "EXPIRED_TOKEN"
        with pytest.raises(ConnectionClosed) as closed:
            await socket.hear()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4001


async def test_a_reader_that_lags_too_far_is_closed_and_can_resume(door: Door, chat: ScriptedChat) -> None:
    chat.script = Script(pieces=tuple(f"{number:05d} " * 2000 for number in range(1500)))
    async with talk(door) as socket:
        await socket.send("chat.send", content="Fast")
        await eventually(lambda: bool(chat.turns) and next(iter(chat.turns.values())).ended, within_seconds=20)
        await asyncio.sleep(0.3)
        heard: list[dict[str, Any]] = []
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                heard.append(await socket.hear())
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1013
    deltas = [frame["payload"] for frame in heard if frame["type"] == "chat.delta"]
    assert [delta["first_sequence"] for delta in deltas] == [2, *(delta["sequence"] + 1 for delta in deltas[:-1])]
    assert len(deltas) < len(chat.script.pieces)
    async with talk(door) as socket:
        await socket.send("chat.resume", turn_id=deltas[-1]["turn_id"], after_sequence=deltas[-1]["sequence"])
        missing: list[dict[str, Any]] = []
        while not missing or missing[-1]["type"] not in ENDS:
            missing.append(await socket.hear())
    assert text_of(heard) + text_of(missing) == "".join(chat.script.pieces)
