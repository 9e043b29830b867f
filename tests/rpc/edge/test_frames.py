"""What a client can say over the WebSocket beside plain messages: branches, tools, approvals, ratings; and titles."""

from typing import Any
from uuid import uuid4

import pytest
from websockets.asyncio.client import connect

from edge.bridge import Turns
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1 import message_pb2
from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.edge.v1 import frame_pb2
from soma_common.testing.eventually import eventually
from tests.rpc.edge.conftest import Door
from tests.rpc.edge.scripted_chat import ANSWER, Script, ScriptedChat
from tests.rpc.edge.test_socket import ENDS, PROTO, talk, text_of

MESSAGE_ID, HASH = str(uuid4()), "a" * 64
CALL = message_pb2.ToolCall(call_id="c1", name="time.now", arguments_json='{"zone":"UTC"}')


async def test_a_message_with_every_wish(door: Door, chat: ScriptedChat) -> None:
    wishes = {"while_busy": "enqueue", "on_disconnect": "cancel", "model_profile_id": "vendor/tiny:1"}
    async with talk(door) as socket:
        await socket.send("chat.send", content="Hello", parent_message_id=MESSAGE_ID, **wishes)
        frames = await socket.until(*ENDS)
    started = next(frame["payload"] for frame in frames if frame["type"] == "chat.started")
    assert (started["parent_message_id"], started["untitled"]) == (MESSAGE_ID, False)
    [sent] = chat.asked(turn_pb.SendMessageRequest)
    assert sent.while_busy == turn_pb.WHILE_BUSY_ENQUEUE
    assert sent.on_disconnect == turn_pb.ON_DISCONNECT_CANCEL
    assert sent.model_profile_id == "vendor/tiny:1"


async def test_a_socket_that_closes_stops_a_turn_that_was_to_stop_then(door: Door, chat: ScriptedChat) -> None:
    chat.script = Script(pieces=("tick ",) * 1000, gap_seconds=0.02)
    async with talk(door) as socket:
        await socket.send("chat.send", content="Count", on_disconnect="cancel")
        [heard] = [it for it in await socket.until("chat.delta") if it["type"] == "chat.delta"]
        # Following it a second time on the same socket is no reason to stop.
        await socket.send("chat.resume", "again", turn_id=heard["payload"]["turn_id"], after_sequence=0)
        followed = await socket.until("chat.started")
        assert followed[-1]["id"] == "again"
        await socket.until("chat.delta")
        [turn] = chat.turns.values()
        assert not turn.stopped.is_set()
    await eventually(turn.stopped.is_set)


async def test_it_stops_also_after_its_line_to_chat_was_mended(door: Door, chat: ScriptedChat) -> None:
    chat.script = Script(pieces=("tick ",) * 1000, gap_seconds=0.02, cut_after=3)
    async with talk(door) as socket:
        await socket.send("chat.send", content="Count", on_disconnect="cancel")
        heard = 0
        while heard < 10:
            heard += (await socket.hear())["type"] == "chat.delta"
        assert chat.cuts >= 2
        [turn] = chat.turns.values()
        assert not turn.stopped.is_set()
    await eventually(turn.stopped.is_set)


async def test_an_end_whose_answer_cannot_be_looked_up_is_answered_all_the_same(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_turns: Turns, _turn_id: str) -> Any:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(Turns, "get", broken)
    async with talk(door) as socket:
        await socket.send("chat.send", content="Hello")
        ended = (await socket.until(*ENDS))[-1]["payload"]
        await socket.send("chat.resume", "again", turn_id=ended["turn_id"], after_sequence=ended["sequence"] - 1)
        refused = (await socket.until("error"))[-1]
    assert (refused["id"], refused["payload"]["code"]) == ("again", "INTERNAL")
    assert refused["payload"]["turn_id"] == ended["turn_id"]
    assert "hunter2" not in str(refused)


@pytest.mark.parametrize(
    ("kind", "payload", "request_of"),
    [
        ("chat.edit", {"content": "Rather this"}, turn_pb.EditMessageRequest),
        ("chat.regenerate", {}, turn_pb.RegenerateMessageRequest),
    ],
)
async def test_edit_and_regenerate_are_followed_like_a_message(
    door: Door, chat: ScriptedChat, kind: str, payload: dict[str, Any], request_of: Any
) -> None:
    request_id = str(uuid4())
    async with talk(door) as socket:
        await socket.send(
            kind,
            message_id=MESSAGE_ID,
            request_id=request_id,
            options={"temperature": 0.5},
            while_busy="interrupt",
            model_profile_id="m",
            **payload,
        )
        frames = await socket.until(*ENDS)
        assert text_of(frames) == frames[-1]["payload"]["content"] == "".join(ANSWER)
        assert {frame["id"] for frame in frames if frame["type"] != "connected"} == {"f"}
        await socket.send(kind, "g", **payload)
        refused = (await socket.until("error"))[-1]
        assert (refused["id"], refused["payload"]["code"]) == ("g", "INVALID_FIELD")
        assert "message_id" in refused["payload"]["message"]
    [sent] = chat.asked(request_of)
    assert (sent.message_id, sent.request_id, sent.model_profile_id) == (MESSAGE_ID, request_id, "m")
    assert (sent.options.temperature, sent.while_busy) == (0.5, turn_pb.WHILE_BUSY_INTERRUPT)
    if kind == "chat.edit":
        assert [part.text for part in sent.content] == ["Rather this"]


async def test_the_last_tool_result_is_followed_by_the_turn_that_goes_on(door: Door, chat: ScriptedChat) -> None:
    second = message_pb2.ToolCall(call_id="c2", name="time.now", arguments_json="{}")
    chat.script = Script(pieces=(), tool_calls=(CALL, second))
    async with talk(door) as socket:
        await socket.send("chat.send", content="What time is it?")
        frames = await socket.until(*ENDS)
        asked = [frame["payload"] for frame in frames if frame["type"] == "chat.tool"]
        turn_id = asked[0]["turn_id"]
        assert asked[0] == {
            "turn_id": turn_id,
            "sequence": 2,
            "phase": "started",
            "call_id": "c1",
            "name": "time.now",
            "arguments": '{"zone":"UTC"}',
            "by_client": True,
            "round": 1,
        }
        await socket.send("tool.result", "r1", turn_id=turn_id, call_id="c1", content="noon", failed=True)
        kept = (await socket.until("kept"))[-1]
        assert (kept["id"], kept["payload"]) == ("r1", {"missing_call_ids": ["c2"], "continuing_turn_id": ""})
        await socket.send("tool.result", "r2", turn_id=turn_id, call_id="c2", content="")
        frames = await socket.until(*ENDS)
    assert (frames[0]["type"], frames[0]["payload"]["missing_call_ids"]) == ("kept", [])
    assert frames[-1]["payload"]["turn_id"] == frames[0]["payload"]["continuing_turn_id"] != turn_id
    assert frames[-1]["payload"]["content"] == text_of(frames) == "It is noon."
    assert {frame["id"] for frame in frames} == {"r2"}
    first, _ = chat.asked(turn_pb.SubmitToolResultRequest)
    assert (first.content, first.failed, len(first.request_id)) == ("noon", True, 36)


async def test_a_tool_that_waits_for_consent(door: Door, chat: ScriptedChat) -> None:
    asked = event_pb.ApprovalRequested(call=CALL, arguments_hash=HASH, sentence="It tells the time.")
    asked.expire_time.FromSeconds(1_800_000_000)
    chat.script = Script(approval=asked)
    async with talk(door) as socket:
        await socket.send("chat.send", content="What time is it?")
        request = (await socket.until("chat.approval"))[-1]["payload"]
        turn_id = request["turn_id"]
        assert request == {
            "turn_id": turn_id,
            "sequence": 2,
            "phase": "requested",
            "call_id": "c1",
            "name": "time.now",
            "arguments": '{"zone":"UTC"}',
            "arguments_hash": HASH,
            "sentence": "It tells the time.",
            "expire_time": "2027-01-15T08:00:00Z",
        }
        decision = {"decision": "approve", "arguments_hash": HASH, "note": "not on a Sunday"}
        await socket.send("tool.approve", "a", turn_id=turn_id, call_id="c1", **decision)
        frames = await socket.until(*ENDS)
    said = {(it["type"], it["payload"].get("phase")): it["payload"] for it in frames}
    assert said["kept", None] == {"status": "running"}
    resolved = said["chat.approval", "resolved"]
    assert (resolved["decision"], resolved["decided_by"], resolved["note"]) == ("approve", "ada", "not on a Sunday")
    finished = said["chat.tool", "finished"]
    assert (finished["status"], finished["content"], finished["truncated"]) == ("done", "42", False)
    assert (finished["duration_milliseconds"], finished["round"], finished["name"]) == (7, 1, "time.now")
    notice = said["chat.notice", None]
    assert (notice["code"], notice["sentence"]) == ("tools_ended", "The rounds are used up.")
    assert notice["metadata"] == {"rounds": "1"}
    [sent] = chat.asked(turn_pb.ResolveApprovalRequest)
    assert (sent.call_id, sent.decision, sent.arguments_hash) == ("c1", event_pb.APPROVAL_DECISION_APPROVE, HASH)


async def test_a_rating(door: Door, chat: ScriptedChat) -> None:
    async with talk(door) as socket:
        await socket.send("chat.send", content="Hello")
        turn_id = (await socket.until(*ENDS))[-1]["payload"]["turn_id"]
        for signal in ("good", "bad", "none"):
            await socket.send("feedback", signal, turn_id=turn_id, signal=signal, text="so it is")
            kept = (await socket.until("kept"))[-1]
            assert (kept["id"], kept["payload"]) == (signal, {"rate_time": "2023-11-14T22:13:20Z"})
        await socket.send("feedback", "x", turn_id=turn_id)
        assert (await socket.until("error"))[-1]["payload"]["code"] == "INVALID_FIELD"
        await socket.send("feedback", "y", turn_id=str(uuid4()), signal="good")
        unknown = (await socket.until("error"))[-1]
        assert (unknown["id"], unknown["payload"]["code"]) == ("y", "RESOURCE_NOT_FOUND")
    ratings = [each.rating for each in chat.asked(turn_pb.RateTurnRequest)]
    assert ratings[:3] == [message_pb2.RATING_GOOD, message_pb2.RATING_BAD, message_pb2.RATING_UNSPECIFIED]


async def test_a_conversation_without_a_title_gets_one(door: Door, chat: ScriptedChat) -> None:
    chat.script, chat.title = Script(untitled=True), "Three rivers"
    async with talk(door) as socket:
        await socket.send("chat.send", content="Name three rivers.")
        frames = await socket.until("title_update")
        started = next(frame["payload"] for frame in frames if frame["type"] == "chat.started")
        assert started["untitled"] is True
        assert frames[-2]["type"] == "chat.done"
        expected = {"conversation_id": started["conversation_id"], "title": "Three rivers"}
        assert frames[-1]["payload"] == expected
        await eventually(lambda: chat.watched == 0)


async def test_the_wait_for_a_title_ends_with_the_socket(door: Door, chat: ScriptedChat) -> None:
    chat.script = Script(untitled=True)
    async with talk(door) as socket:
        await socket.send("chat.send", content="Name three rivers.")
        await socket.until(*ENDS)
        await eventually(lambda: chat.watched == 1)
    await eventually(lambda: chat.watched == 0)
    assert len(chat.asked(conversation_pb.WatchConversationRequest)) == 1


async def test_the_binary_form_of_all_that(door: Door, chat: ScriptedChat) -> None:
    chat.script = Script(pieces=("One.",), tool_calls=(CALL,), untitled=True)
    chat.title = "One"
    protocols: list[Any] = [PROTO, f"soma-auth.{door.token()}"]
    async with connect(door.socket_url, subprotocols=protocols) as connection:

        async def hear() -> frame_pb2.ServerFrame:
            return frame_pb2.ServerFrame.FromString(await connection.recv(decode=False))

        async def send(**payload: Any) -> None:
            await connection.send(frame_pb2.ClientFrame(id="b", **payload).SerializeToString())

        async def until(case: str) -> frame_pb2.ServerFrame:
            while (frame := await hear()).WhichOneof("payload") != case:
                pass
            return frame

        await send(edit=frame_pb2.ChatEdit(message_id=MESSAGE_ID, content="Hello"))
        title = (await until("title_update")).title_update
        assert (title.title, len(title.conversation_id)) == ("One", 36)
        [turn] = chat.turns.values()
        await send(tool_result=frame_pb2.ToolResult(turn_id=turn.turn_id, call_id="c1", content="noon"))
        kept = await until("kept")
        assert (kept.id, kept.kept.WhichOneof("answer")) == ("b", "tool_result")
        going_on = event_pb.TurnEvent.FromString((await until("turn_event")).turn_event)
        assert going_on.turn_id == kept.kept.tool_result.continuing_turn_id
        await send(feedback=frame_pb2.Feedback(turn_id=turn.turn_id, signal=frame_pb2.SIGNAL_GOOD))
        assert (await until("kept")).kept.feedback.rate_time.seconds == 1_700_000_000
        await send(feedback=frame_pb2.Feedback(turn_id=turn.turn_id))
        assert (await until("error")).error.code == "INVALID_FIELD"
