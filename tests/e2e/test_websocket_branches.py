"""Branches, consent, ratings and titles over the WebSocket, and what all of that is to strangers."""

import json
from typing import Any
from uuid import uuid4

import aiohttp
from websockets.asyncio.client import connect

from soma.chat.v1 import agent_service_pb2 as agent_pb
from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import Script, ScriptedUpstream, ToolCall
from tests.e2e.support.asking import make_agent
from tests.e2e.support.person import Person
from tests.e2e.support.socket_door import SUBPROTOCOL, SocketTurn, open_socket

QUESTION, SUM = "What is the longest river of France?", "Please multiply 6 by 7 for me."


async def test_a_conversation_with_branches_gets_a_title(ada: Person, model: ScriptedUpstream) -> None:
    async with ada.socket() as socket:
        first = await socket.turn(QUESTION)
        started = first.payload("chat.started")
        assert (started["untitled"], started["parent_message_id"]) == (True, "")
        title = (await socket.until("title_update"))["payload"]
        assert title["conversation_id"] == started["conversation_id"]
        assert 1 <= len(title["title"].split()) <= 8

        await socket.send("chat.edit", message_id=started["user_message_id"], content=f"{QUESTION} In kilometres.")
        edited = (await socket.rest_of_turn()).payload("chat.started")
        assert edited["conversation_id"] == started["conversation_id"]
        assert edited["parent_message_id"] == started["parent_message_id"]
        assert edited["user_message_id"] != started["user_message_id"]
        assert edited["untitled"] is False

        await socket.send("chat.regenerate", message_id=edited["assistant_message_id"])
        again = await socket.rest_of_turn()
        anew = again.payload("chat.started")
        assert anew["user_message_id"] == edited["user_message_id"]
        assert anew["assistant_message_id"] != edited["assistant_message_id"]

        await socket.send("feedback", turn_id=again.end["payload"]["turn_id"], signal="good", text="quick")
        assert (await socket.until("kept", "error"))["payload"]["rate_time"]
    asked = [each.messages[-1]["content"] for each in model.requests()]
    assert asked.count(f"{QUESTION} In kilometres.") == 2


async def test_the_same_request_id_with_another_body_is_refused(ada: Person) -> None:
    request_id = str(uuid4())
    async with ada.socket() as socket:
        first = await socket.turn(QUESTION, request_id=request_id)
        again = await socket.turn(QUESTION, request_id=request_id)
        assert again.end["payload"] == first.end["payload"]
        for kind, payload in (
            ("chat.send", {"content": "Something else."}),
            ("chat.edit", {"content": QUESTION, "message_id": first.payload("chat.started")["user_message_id"]}),
        ):
            await socket.send(kind, request_id=request_id, **payload)
            assert (await socket.until("error"))["payload"]["code"] == "REQUEST_ID_REUSED"


async def asked_for_consent(admin: Person, model: ScriptedUpstream) -> tuple[str, dict[str, Any]]:
    """An agent that must ask, its name, and what it asks."""
    call = ToolCall("math_evaluate", '{"expression": "6 * 7"}', id="c1")
    model.enqueue(
        Script(match=SUM, text="Let me see.", tool_calls=(call,)), Script(match="tool_call_id", text="It is 42.")
    )
    rule = agent_pb.ToolRule(tool="math.*", permission=agent_pb.TOOL_PERMISSION_APPROVAL)
    agent = await make_agent(admin, tool_rules=[rule])
    async with open_socket(admin.mesh, admin.token, path=f"/{agent.agent_id}") as socket:
        await socket.send("chat.send", content=SUM)
        return agent.agent_id, (await socket.until("chat.approval", "error"))["payload"]


async def test_consent_is_given_on_another_device(admin: Person, model: ScriptedUpstream) -> None:
    _, request = await asked_for_consent(admin, model)
    assert (request["phase"], request["name"]) == ("requested", "math.evaluate")
    call = {"turn_id": request["turn_id"], "call_id": request["call_id"], "decision": "approve"}
    async with admin.socket() as socket:
        await socket.send("chat.resume", turn_id=request["turn_id"], after_sequence=request["sequence"])
        await socket.send("tool.approve", arguments_hash="0" * 64, **call)
        assert (await socket.until("error"))["payload"]["code"] == "APPROVAL_MISMATCH"
        await socket.send("tool.approve", arguments_hash=request["arguments_hash"], note="just once", **call)
        turn = SocketTurn()
        while not turn.frames or turn.end["type"] not in ("chat.done", "chat.failed", "error"):
            turn.frames.append(await socket.receive())
        assert turn.payload("kept")["status"] in ("running", "waiting")
        assert turn.payload("chat.approval")["decision"] == "approve"
        tools = [frame["payload"] for frame in turn.frames if frame["type"] == "chat.tool"]
        assert tools[-1]["phase"] == "finished"
        assert (tools[-1]["status"], "42" in tools[-1]["content"]) == ("done", True)
        assert turn.payload("chat.done")["content"].endswith("It is 42.")
        await socket.send("tool.approve", arguments_hash=request["arguments_hash"], **{**call, "decision": "deny"})
        assert (await socket.until("error"))["payload"]["code"] in ("CALL_RESOLVED", "RESOURCE_NOT_FOUND")


async def test_what_is_another_tenants_does_not_exist(admin: Person, eve: Person, model: ScriptedUpstream) -> None:
    _, request = await asked_for_consent(admin, model)
    turn_id, call_id = request["turn_id"], request["call_id"]
    heard = await admin.grpc.say(QUESTION)
    consent = {"decision": "approve", "arguments_hash": request["arguments_hash"]}
    async with eve.socket() as socket:
        for kind, payload in (
            ("chat.send", {"content": "hi", "conversation_id": heard.started.conversation_id}),
            ("chat.edit", {"content": "hi", "message_id": heard.started.user_message_id}),
            ("chat.regenerate", {"message_id": heard.started.assistant_message_id}),
            ("chat.resume", {"turn_id": turn_id, "after_sequence": 0}),
            ("chat.cancel", {"turn_id": turn_id}),
            ("tool.approve", {"turn_id": turn_id, "call_id": call_id, **consent}),
            ("tool.result", {"turn_id": turn_id, "call_id": call_id, "content": "43"}),
            ("feedback", {"turn_id": heard.turn_id, "signal": "bad"}),
        ):
            frame_id = await socket.send(kind, **payload)
            answer = await socket.until("error", "kept", "chat.started", "chat.delta")
            assert (answer["type"], answer["id"]) == ("error", frame_id), (kind, answer)
            assert answer["payload"]["code"] == "RESOURCE_NOT_FOUND", kind
    async with admin.socket() as socket:
        await socket.send("chat.cancel", turn_id=turn_id)


async def test_a_ticket_opens_one_socket(ada: Person, mesh: Mesh) -> None:
    async with ada.http.post("/api/v1/auth/ticket") as reply:
        offered = (await reply.json())["subprotocol"]
    protocols: list[Any] = [SUBPROTOCOL, offered]
    seen = []
    for _ in range(2):
        async with connect(mesh.socket_url, subprotocols=protocols) as connection:
            seen.append(json.loads(await connection.recv()))
    assert (seen[0]["type"], seen[0]["payload"]["user_id"]) == ("connected", ada.sub)
    assert seen[1]["payload"]["code"] == "INVALID_TOKEN"


async def test_a_session_that_was_ended_is_worth_nothing(mesh: Mesh) -> None:
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(mesh.edge_url, cookie_jar=jar) as browser:
        async with browser.get("/"):
            cookies = {cookie.key: cookie.value for cookie in jar}
        csrf = next(value for name, value in cookies.items() if name.startswith("soma_csrf"))
        async with browser.get("/api/v1/chat/conversations") as reply:
            assert reply.status == 200
        headers = {"origin": mesh.edge_url, "x-soma-csrf": csrf}
        async with browser.delete("/api/v1/auth/session", headers=headers) as reply:
            assert reply.status == 204
        assert not list(jar)
        async with browser.get("/api/v1/chat/conversations", cookies=cookies) as reply:
            assert reply.status == 401
