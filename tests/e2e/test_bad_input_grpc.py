"""Wrong calls at the gRPC doors get a typed, readable status."""

import asyncio
import json
import re
from base64 import urlsafe_b64encode
from typing import Any
from uuid import uuid4

import pytest

from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.cognitive.v1 import neuromodulator_service_pb2 as neuromodulator_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.memory.v1 import memory_service_pb2 as memory_pb
from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import Script
from tests.e2e.support.grpc_door import GrpcDoor, Refusal, refused, send_request
from tests.e2e.support.person import Person

LEAKS = re.compile(r"Traceback|\.py\b|asyncpg|SELECT |INSERT |/home/|site-packages|Error\(", re.IGNORECASE)


def clean(refusal: Refusal, code: str, reason: str) -> None:
    assert (refusal.code.name, refusal.reason) == (code, reason), refusal
    assert refusal.sentence
    assert refusal.sentence == refusal.sentence.strip()
    assert not LEAKS.search(refusal.text), refusal.text


SERVICES = {
    "chat": "soma.chat.v1.TurnService/SendMessage",
    "governor": "soma.governor.v1.GovernorService/GetReceipt",
    "memory": "soma.memory.v1.MemoryService/RecallMemories",
    "cognitive": "soma.cognitive.v1.NeuromodulatorService/GetNeuromodulators",
    "control": "soma.control.v1.AdminService/ListServices",
}


@pytest.mark.parametrize("service", SERVICES)
async def test_undecodable_bytes(ada: Person, service: str) -> None:
    method: Any = ada.grpc.channel(service).unary_unary(f"/{SERVICES[service]}")
    refusal = await refused(method(b"\xff\xff\xff\xff", metadata=ada.grpc.metadata, timeout=10))
    clean(refusal, "INVALID_ARGUMENT", "MALFORMED_MESSAGE")


@pytest.mark.parametrize("service", SERVICES)
async def test_an_unknown_method(ada: Person, service: str) -> None:
    method: Any = ada.grpc.channel(service).unary_unary("/soma.chat.v1.TurnService/Fly")
    refusal = await refused(method(b"", metadata=ada.grpc.metadata, timeout=10))
    assert refusal.code.name == "UNIMPLEMENTED"


def unsigned(mesh: Mesh) -> str:
    def part(value: dict[str, Any]) -> str:
        return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    claims = {"aud": "soma", "sub": "owner", "tenant_id": mesh.identity["SOMA_TENANT_ID"], "exp": 4102444800, "iat": 0}
    claims |= {"iss": mesh.identity["SOMA_ISSUER"], "roles": ["admin"]}
    return f"{part({'alg': 'none'})}.{part(claims)}."


@pytest.mark.parametrize("service", SERVICES)
async def test_no_or_a_forged_token(mesh: Mesh, service: str) -> None:
    good = mesh.token_for("mallory")
    head, body, signature = good.split(".")
    expired = mesh.token_for("mallory", ttl_seconds=-60)
    forged = [f"{head}.{body}.{signature[::-1]}", "forged.forged.forged", "nonsense", unsigned(mesh), "x" * 9000]
    async with GrpcDoor(mesh, None) as door:
        method: Any = door.channel(service).unary_unary(f"/{SERVICES[service]}")
        clean(await refused(method(b"", timeout=10)), "UNAUTHENTICATED", "MISSING_CREDENTIALS")
        for token in forged:
            metadata = (("authorization", f"Bearer {token}"),)
            refusal = await refused(method(b"", metadata=metadata, timeout=10))
            clean(refusal, "UNAUTHENTICATED", "INVALID_TOKEN")
            assert token[-12:] not in refusal.text
        refusal = await refused(method(b"", metadata=(("authorization", f"Bearer {expired}"),), timeout=10))
        clean(refusal, "UNAUTHENTICATED", "EXPIRED_TOKEN")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"request_id": ""}, "request_id"),
        ({"request_id": "not-a-uuid"}, "request_id"),
        ({"conversation_id": "17"}, "conversation_id"),
        ({"agent_id": "the-best"}, "agent_id"),
        ({"options": {"temperature": 3.0}}, "options.temperature"),
        ({"options": {"max_output_tokens": 0}}, "options.max_output_tokens"),
        ({"min_level": 99}, "min_level"),
        ({"content": [{"text": ""}]}, "content[0].text"),
        ({"content": [{"text": "x" * 65537}]}, "content[0].text"),
    ],
)
async def test_wrong_field_values_name_the_field(ada: Person, change: dict[str, Any], field: str) -> None:
    request = send_request("hello", **change)
    refusal = await refused(ada.grpc.stream(ada.grpc.turns.SendMessage, request))
    clean(refusal, "INVALID_ARGUMENT", "INVALID_FIELD")
    assert field in refusal.fields


async def test_an_empty_message_is_refused(ada: Person) -> None:
    refusal = await refused(ada.grpc.stream(ada.grpc.turns.SendMessage, send_request("")))
    clean(refusal, "INVALID_ARGUMENT", "INVALID_FIELD")


async def test_too_much_for_the_window(ada: Person) -> None:
    parts = [{"text": "word " * 12000}, {"text": "word " * 12000}]
    refusal = await refused(ada.grpc.stream(ada.grpc.turns.SendMessage, send_request("", content=parts)))
    assert refusal.reason in ("CONTEXT_OVERFLOW", "PAYLOAD_TOO_LARGE", "INVALID_FIELD"), refusal
    assert refusal.code.name == "INVALID_ARGUMENT"
    assert not LEAKS.search(refusal.text)


async def test_unknown_ids(ada: Person) -> None:
    unknown = str(uuid4())
    door = ada.grpc
    calls = [
        door.stream(door.turns.SendMessage, send_request("hello", conversation_id=unknown)),
        door.stream(door.turns.SendMessage, send_request("hello", agent_id=unknown)),
        door.stream(door.turns.SendMessage, send_request("hello", model_profile_id="no-such-model")),
        door.stream(door.turns.ResumeTurn, turn_pb.ResumeTurnRequest(turn_id=unknown)),
        door.call(door.turns.GetTurn, turn_pb.GetTurnRequest(turn_id=unknown)),
        door.call(door.turns.CancelTurn, turn_pb.CancelTurnRequest(turn_id=unknown, request_id=unknown)),
        door.call(door.governor.GetReceipt, governor_pb.GetReceiptRequest(receipt_id=unknown)),
        door.call(door.memory.GetMemory, memory_pb.GetMemoryRequest(memory_id=unknown)),
        door.call(door.conversations.ListMessages, conversation_pb.ListMessagesRequest(conversation_id=unknown)),
    ]
    for refusal in await asyncio.gather(*(refused(call) for call in calls)):
        clean(refusal, "NOT_FOUND", "RESOURCE_NOT_FOUND")


async def test_what_is_another_ones_does_not_exist(ada: Person, bob: Person, eve: Person) -> None:
    heard = await ada.grpc.say("Mine alone.")
    store = memory_pb.StoreMemoryRequest(text="The safe opens with 4711.", request_id=str(uuid4()))
    memory = (await ada.grpc.call(ada.grpc.memory.StoreMemory, store)).memory
    conversation_id = heard.started.conversation_id
    for stranger in (bob, eve):
        door = stranger.grpc
        calls = [
            door.stream(door.turns.SendMessage, send_request("hello", conversation_id=conversation_id)),
            door.stream(door.turns.ResumeTurn, turn_pb.ResumeTurnRequest(turn_id=heard.turn_id)),
            door.call(door.turns.GetTurn, turn_pb.GetTurnRequest(turn_id=heard.turn_id)),
            door.call(
                door.conversations.GetConversation,
                conversation_pb.GetConversationRequest(conversation_id=conversation_id),
            ),
            door.call(
                door.conversations.DeleteConversation,
                conversation_pb.DeleteConversationRequest(conversation_id=conversation_id, request_id=str(uuid4())),
            ),
            door.call(door.memory.GetMemory, memory_pb.GetMemoryRequest(memory_id=memory.memory_id)),
        ]
        for refusal in await asyncio.gather(*(refused(call) for call in calls)):
            clean(refusal, "NOT_FOUND", "RESOURCE_NOT_FOUND")


async def test_a_closed_conversation_takes_no_message(ada: Person) -> None:
    heard = await ada.grpc.say("The last word.")
    door = ada.grpc
    get = conversation_pb.GetConversationRequest(conversation_id=heard.started.conversation_id)
    conversation = (await door.call(door.conversations.GetConversation, get)).conversation
    conversation.status = conversation_pb.CONVERSATION_STATUS_ARCHIVED
    update = conversation_pb.UpdateConversationRequest(conversation=conversation, request_id=str(uuid4()))
    # The conversation may get its title in between, which is a change.
    update.conversation.etag = ""
    update.update_mask.paths.append("status")
    await door.call(door.conversations.UpdateConversation, update)
    request = send_request("One more?", conversation_id=heard.started.conversation_id)
    refusal = await refused(door.stream(door.turns.SendMessage, request))
    clean(refusal, "FAILED_PRECONDITION", "CONVERSATION_CLOSED")
    again = await refused(door.stream(door.turns.SendMessage, request))
    assert (again.code, again.reason) == (refusal.code, refusal.reason), "a refusal is repeated for its request"


async def test_roles_and_doors_are_kept(mesh: Mesh, ada: Person) -> None:
    door = ada.grpc
    internal = await refused(door.call(door.governor.PlanTurn, governor_pb.PlanTurnRequest()))
    assert internal.code.name == "PERMISSION_DENIED"
    reset = neuromodulator_pb.ResetNeuromodulatorsRequest()
    refusal = await refused(door.call(door.neuromodulators.ResetNeuromodulators, reset))
    clean(refusal, "PERMISSION_DENIED", "SCOPE_MISSING")
    async with GrpcDoor(mesh, mesh.token_for("reader", ("viewer",))) as reader:
        refusal = await refused(reader.stream(reader.turns.SendMessage, send_request("hello")))
        clean(refusal, "PERMISSION_DENIED", "SCOPE_MISSING")


async def test_a_busy_conversation_says_with_what(ada: Person, mesh: Mesh) -> None:

    mesh.upstream.set_default(Script(chunks=200, gap_seconds=0.02))
    call = ada.grpc.stream(ada.grpc.turns.SendMessage, send_request("Something long."))
    started = await anext(aiter(call))
    request = send_request("Me too!", conversation_id=started.started.conversation_id)
    refusal = await refused(ada.grpc.stream(ada.grpc.turns.SendMessage, request))
    clean(refusal, "FAILED_PRECONDITION", "CONVERSATION_BUSY")
    assert refusal.metadata["turn_id"] == started.turn_id
    stop = turn_pb.CancelTurnRequest(turn_id=started.turn_id, request_id=str(uuid4()))
    await ada.grpc.call(ada.grpc.turns.CancelTurn, stop)
    call.cancel()
