"""Server-sent events of every method that streams: names, ids, coming back after a cut, quiet moments, ends."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.testing.eventually import eventually
from tests.rpc.edge.scripted_chat import ANSWER, Script, ScriptedChat

EVENTS = {"Accept": "text/event-stream"}
TURNS, MESSAGE = "/api/v1/chat/turns", f"/api/v1/chat/messages/{uuid4()}"
CONVERSATION = f"/api/v1/chat/conversations/{uuid4()}"
OPENINGS = [
    (TURNS, {"content": [{"text": "Hello"}]}),
    (f"{MESSAGE}:edit", {"content": [{"text": "Hello"}]}),
    (f"{MESSAGE}:regenerate", {}),
]


def parsed(text: str) -> list[dict[str, str]]:
    """The events as a browser reads them."""
    blocks = [block for block in text.strip().split("\n\n") if not block.startswith(":")]
    return [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]


def text_of(events: list[dict[str, str]]) -> str:
    return "".join(json.loads(event["data"])["text"]["text"] for event in events if event["event"] == "text")


@pytest.mark.parametrize(("path", "body"), OPENINGS, ids=["send", "edit", "regenerate"])
async def test_whatever_starts_a_turn_can_be_followed_and_come_back_to(
    http: aiohttp.ClientSession, chat: ScriptedChat, path: str, body: dict[str, Any]
) -> None:
    async with http.post(path, json=body, headers=EVENTS) as reply:
        assert (reply.status, reply.content_type) == (200, "text/event-stream")
        events = parsed(await reply.text())
    assert [event["event"] for event in events] == ["started", *["text"] * len(ANSWER), "completed"]
    assert [event.get("retry") for event in events] == ["2000", *[None] * (len(events) - 1)]
    assert text_of(events) == "".join(ANSWER)
    async with http.post(path, json=body, headers={**EVENTS, "Last-Event-ID": events[3]["id"]}) as reply:
        again = parsed(await reply.text())
    assert [event["id"] for event in again] == [event["id"] for event in events[4:]]
    async with http.post(path, json=body, headers={**EVENTS, "Last-Event-ID": events[-1]["id"]}) as reply:
        assert reply.status == 204, "a browser does not come back again after that"
    assert len(chat.turns) == 1
    assert len(chat.asked(turn_pb.ResumeTurnRequest)) == 2


@pytest.mark.parametrize("changes", [{"messages_per_minute": 1}])
async def test_coming_back_is_no_further_message(http: aiohttp.ClientSession, changes: dict[str, Any]) -> None:
    path, body = OPENINGS[1]
    async with http.post(path, json=body, headers=EVENTS) as reply:
        events = parsed(await reply.text())
    async with http.post(path, json=body, headers={**EVENTS, "Last-Event-ID": events[0]["id"]}) as reply:
        assert reply.status == 200
    async with http.post(path, json=body, headers=EVENTS) as reply:
        assert reply.status == 429
        assert int(reply.headers["retry-after"]) > 30


async def test_a_cut_line_is_mended_where_it_broke(http: aiohttp.ClientSession, chat: ScriptedChat) -> None:
    chat.script = Script(pieces=tuple(f"{number} " for number in range(40)), gap_seconds=0.01)
    path, body = OPENINGS[1]
    heard: list[dict[str, str]] = []
    async with http.post(path, json={**body, "request_id": str(uuid4())}, headers=EVENTS) as reply:
        cut = b""
        while b"event: text" not in cut:
            cut += await reply.content.readany()
        heard += parsed(cut.rpartition(b"\n\n")[0].decode())
    async with http.post(path, json=body, headers={**EVENTS, "Last-Event-ID": heard[-1]["id"]}) as reply:
        heard += parsed(await reply.text())
    assert text_of(heard) == "".join(chat.script.pieces)
    numbers = [int(event["id"].rpartition(":")[2]) for event in heard]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_a_conversation_is_exported_and_watched(http: aiohttp.ClientSession, chat: ScriptedChat) -> None:
    async with http.get(f"{CONVERSATION}:export", headers={**EVENTS, "Last-Event-ID": "whatever:else"}) as reply:
        events = parsed(await reply.text())
    assert [event["event"] for event in events] == ["header", "message"]
    assert json.loads(events[0]["data"])["header"]["title"] == "Three rivers"
    chat.title = "Three rivers"
    async with http.get(f"{CONVERSATION}:watch", headers=EVENTS) as reply:
        heard = b""
        while heard.count(b"\n\n") < 2:
            heard += await asyncio.wait_for(reply.content.readany(), 10)
        assert chat.watched == 1
    states = [json.loads(event["data"])["conversation"]["title"] for event in parsed(heard.decode())]
    assert states == ["", "Three rivers"]
    await eventually(lambda: chat.watched == 0)


async def test_quiet_moments_are_bridged(
    http: aiohttp.ClientSession, chat: ScriptedChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.replies._QUIET_SECONDS", 0.1)
    chat.script = Script(first_gap_seconds=0.5)
    path, body = OPENINGS[2]
    async with http.post(path, json=body, headers=EVENTS) as reply:
        text = await reply.text()
    assert text.count(": still here\n\n") >= 2
    assert text_of(parsed(text)) == "".join(ANSWER)


async def test_what_breaks_a_stream_off_is_an_event_of_its_own(http: aiohttp.ClientSession, chat: ScriptedChat) -> None:
    path, body = OPENINGS[0]
    chat.breaks_after = (2, SomaError(Reason.CURSOR_TOO_OLD, {"message_id": "m"}))
    async with http.post(path, json=body, headers=EVENTS) as reply:
        assert reply.status == 200
        events = parsed(await reply.text())
    assert [event["event"] for event in events] == ["started", "text", "error"]
    assert json.loads(events[-1]["data"])["error"]["code"] == "CURSOR_TOO_OLD"
