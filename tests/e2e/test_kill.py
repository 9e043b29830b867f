"""Kill -9 of any one process in the middle of a stream: the client resumes and nothing is lost."""

import contextlib
import os
import signal
from uuid import uuid4

import grpc.aio
import pytest
from websockets.exceptions import ConnectionClosed

from soma.memory.v1 import memory_service_pb2 as memory_pb
from soma_common.testing.eventually import eventually
from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.e2e.support.asking import no_open_holds, well_again
from tests.e2e.support.grpc_door import TERMINAL, Heard, listen, send_request
from tests.e2e.support.person import Person

# Long enough that a kill after a few words comes into its middle.
LONG = Script(chunks=120, gap_seconds=0.04)


async def rest_of(person: Person, heard: Heard) -> Heard:
    """Resume until the turn has ended, whatever breaks meanwhile."""

    async def ended() -> Heard | None:
        nonlocal heard
        with contextlib.suppress(grpc.aio.AioRpcError):
            heard = heard.joined(await person.grpc.resume(heard.turn_id, heard.last_sequence))
        return heard if heard.kinds[-1] in TERMINAL else None

    whole = await eventually(ended, within_seconds=120, every_seconds=0.5)
    assert whole is not None
    return whole


async def remember(person: Person, text: str) -> memory_pb.StoreMemoryRequest:
    """Have a memory stored; the request, once it is acknowledged."""
    request = memory_pb.StoreMemoryRequest(text=text, request_id=str(uuid4()))
    await person.grpc.call(person.grpc.memory.StoreMemory, request)
    return request


async def still_remembered(person: Person, request: memory_pb.StoreMemoryRequest) -> None:
    """It is found, and the repeat of its store is answered alike."""
    recall = memory_pb.RecallMemoriesRequest(query=request.text)

    async def recalled() -> bool:
        with contextlib.suppress(grpc.aio.AioRpcError):
            answer = await person.grpc.call(person.grpc.memory.RecallMemories, recall)
            return any(hit.memory.text == request.text for hit in answer.hits)
        return False

    await eventually(recalled, within_seconds=60, every_seconds=0.3)
    again = await person.grpc.call(person.grpc.memory.StoreMemory, request)
    assert again.memory.text == request.text


@pytest.mark.parametrize("service", ["memory", "cognitive", "control", "governor", "chat", "database"])
async def test_the_joined_text_equals_the_stored_text_and_memories_stay(
    hermit: Person, mesh: Mesh, model: ScriptedUpstream, service: str
) -> None:
    await well_again(hermit)
    memory = await remember(hermit, f"The lighthouse keeper of {service} is called Ottilie.")
    model.reset()
    model.set_default(LONG)
    pid = mesh.pid(service)
    call = hermit.grpc.stream(hermit.grpc.turns.SendMessage, send_request("A long story, please."))
    heard = await listen(call, most=8)
    os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(grpc.aio.AioRpcError):
        async for event in call:
            heard.events.append(event)
    mesh.wait_ready(service, other_than=pid)
    if heard.kinds[-1] not in TERMINAL:
        heard = await rest_of(hermit, heard)
    heard.assert_dense()
    turn = await hermit.grpc.turn(heard.turn_id)
    assert heard.text == turn.text
    sent = [request.text_sent for request in await model.aio.requests()]
    assert heard.kinds[-1] == "completed"
    if service == "chat":
        # Another call went on from what had become durable.
        assert "turn_taken_over" in [event.notice.code for event in heard.events]
        before = heard.text[: heard.text.index(sent[1][-40:]) + 40 - len(sent[1])]
        assert before
        assert sent[0].startswith(before)
        assert len(sent) == 2
    elif service != "database":
        assert [heard.text] == sent
    await still_remembered(hermit, memory)
    model.reset()
    await well_again(hermit)
    await no_open_holds(hermit)


async def test_a_killed_edge_is_followed_by_a_new_socket(hermit: Person, mesh: Mesh, model: ScriptedUpstream) -> None:
    model.set_default(LONG)
    deltas: list[dict[str, object]] = []
    pid = mesh.pid("edge")
    async with hermit.socket() as socket:
        await socket.send("chat.send", content="A long story, please.")
        deltas += [(await socket.until("chat.delta"))["payload"] for _ in range(5)]
        os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ConnectionClosed):
            while True:
                frame = await socket.receive()
                if frame["type"] == "chat.delta":
                    deltas.append(frame["payload"])
    mesh.wait_ready("edge", other_than=pid)
    last = deltas[-1]
    async with hermit.socket() as socket:
        await socket.send("chat.resume", turn_id=last["turn_id"], after_sequence=last["sequence"])
        rest = await socket.rest_of_turn()
    text = "".join(str(delta["delta"]) for delta in deltas) + rest.text
    assert text == rest.payload("chat.done")["content"] == model.requests()[0].text_sent
    model.reset()
    await well_again(hermit)
    await no_open_holds(hermit)
