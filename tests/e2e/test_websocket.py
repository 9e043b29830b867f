"""A turn over the WebSocket."""

from datetime import datetime
from uuid import UUID

from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.e2e.support.person import Person
from tests.e2e.support.socket_door import SUBPROTOCOL


async def test_a_turn(ada: Person, mesh: Mesh, model: ScriptedUpstream) -> None:
    async with ada.socket() as socket:
        assert socket.connection.subprotocol == SUBPROTOCOL
        welcome = await socket.receive()
        assert welcome["type"] == "connected"
        assert welcome["payload"]["user_id"] == ada.sub
        assert welcome["payload"]["tenant_id"] == mesh.identity["SOMA_TENANT_ID"]
        assert welcome["payload"]["agents"]
        assert welcome["payload"]["features"]["memory"] is True
        turn = await socket.turn("What can you do?")
    started, done = turn.payload("chat.started"), turn.payload("chat.done")
    [sent] = model.requests()
    assert turn.text == done["content"] == sent.text_sent
    assert started["level"] == "L0"
    UUID(started["conversation_id"])
    UUID(done["receipt_id"])
    assert done["usage"]
    sequences = [frame["payload"]["sequence"] for frame in turn.frames]
    assert sequences == sorted(set(sequences))
    for frame in turn.frames:
        datetime.fromisoformat(frame["timestamp"])
        assert frame["id"] == "frame-1"


async def test_the_conversation_goes_on(ada: Person, model: ScriptedUpstream) -> None:
    async with ada.socket() as socket:
        first = await socket.turn("The password of the day is marmalade.")
        conversation_id = first.payload("chat.started")["conversation_id"]
        second = await socket.turn("And now?", conversation_id=conversation_id)
        assert second.payload("chat.started")["conversation_id"] == conversation_id
    prompt = [message["content"] for message in model.requests()[-1].messages]
    assert prompt[-1] == "And now?"
    assert "The password of the day is marmalade." in prompt


async def test_a_turn_is_resumed_on_another_socket(ada: Person, model: ScriptedUpstream) -> None:
    model.set_default(Script(chunks=60, gap_seconds=0.02))
    async with ada.socket() as socket:
        await socket.send("chat.send", content="A long story, please.")
        await socket.until("chat.delta")
        heard = [frame["payload"] for frame in socket.frames if frame["type"] == "chat.delta"]
    turn_id, last = heard[-1]["turn_id"], heard[-1]["sequence"]
    async with ada.socket() as socket:
        await socket.send("chat.resume", turn_id=turn_id, after_sequence=last)
        rest = await socket.rest_of_turn()
    [sent] = model.requests()
    text = "".join(delta["delta"] for delta in heard) + rest.text
    assert text == rest.payload("chat.done")["content"] == sent.text_sent
    assert sent.outcome == "finished", "a disconnect is not a stop"


async def test_a_turn_is_stopped(ada: Person, model: ScriptedUpstream) -> None:
    model.set_default(Script(chunks=2000, gap_seconds=0.02))
    async with ada.socket() as socket:
        await socket.send("chat.send", content="Count to a thousand.")
        delta = await socket.until("chat.delta")
        await socket.send("chat.cancel", turn_id=delta["payload"]["turn_id"])
        ended = await socket.until("chat.cancelled", "chat.done", "chat.failed")
    assert ended["type"] == "chat.cancelled"
    assert ended["payload"]["partial_text_kept"] is True
    [sent] = await model.aio.wait_for(lambda rows: rows[0].outcome != "running", 5)
    assert sent.outcome == "disconnected"


async def test_a_stop_before_the_first_token_reaches_the_provider(ada: Person, model: ScriptedUpstream) -> None:
    model.set_default(Script(first_token_seconds=30))
    async with ada.socket() as socket:
        await socket.send("chat.send", content="Take your time.")
        started = await socket.until("chat.started")
        await model.aio.wait_for(lambda rows: len(rows) == 1)
        await socket.send("chat.cancel", turn_id=started["payload"]["turn_id"])
        ended = await socket.until("chat.cancelled", "chat.done", "chat.failed")
    assert ended["type"] == "chat.cancelled"
    [sent] = await model.aio.wait_for(lambda rows: rows[0].outcome != "running", 2)
    assert sent.outcome == "disconnected"


async def test_a_ping_is_answered(ada: Person) -> None:
    async with ada.socket() as socket:
        frame_id = await socket.send("ping")
        assert (await socket.until("pong"))["id"] == frame_id
