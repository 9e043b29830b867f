"""What is down lowers the level visibly or is refused clearly; nothing else suffers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from soma.control.v1 import admin_service_pb2 as admin_pb
from soma_common.testing.eventually import eventually
from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import Fault, FaultKind, Script, ScriptedUpstream
from tests.e2e.support.asking import L0, L1, L4, no_open_holds, receipt_of, well_again
from tests.e2e.support.grpc_door import Heard, refused, send_request
from tests.e2e.support.person import Person


@asynccontextmanager
async def stopped(admin: Person, mesh: Mesh, service: str) -> AsyncIterator[None]:
    stop = admin_pb.StopServiceRequest(name=service, request_id=str(uuid4()))
    await admin.grpc.call(admin.grpc.admin.StopService, stop, timeout_seconds=60)
    try:
        await eventually(lambda: not mesh.status()[service].ready, within_seconds=60, every_seconds=0.3)
        yield
    finally:
        start = admin_pb.StartServiceRequest(name=service, request_id=str(uuid4()))
        await admin.grpc.call(admin.grpc.admin.StartService, start, timeout_seconds=60)
        mesh.wait_ready(service)
        await well_again(admin)


def sentences(heard: Heard) -> str:
    told = [event.notice.sentence for event in heard.events if event.WhichOneof("event") == "notice"]
    return " ".join([*(reason.sentence for reason in heard.started.level_reasons), *told])


async def health_is(person: Person, status: str) -> bool:
    async with person.http.get("/api/v1/health") as response:
        return bool((await response.json())["status"] == status)


async def test_memory_down_is_level_one(admin: Person, ada: Person, mesh: Mesh) -> None:
    async with stopped(admin, mesh, "memory"):
        heard = await ada.grpc.say("What do you remember of me?")
        assert heard.kinds[-1] == "completed"
        assert heard.started.level == L1
        assert "memory" in sentences(heard).lower()
        assert heard.notices
        receipt = await receipt_of(ada, heard)
        assert receipt.lanes_used.memory == 0
        await eventually(lambda: health_is(ada, "degraded"), within_seconds=60, every_seconds=0.3)
    await eventually(lambda: health_is(ada, "healthy"), within_seconds=60, every_seconds=0.3)


async def test_control_down_changes_nothing(admin: Person, ada: Person, mesh: Mesh) -> None:
    pid = mesh.kill("control")
    heard = await ada.grpc.say("Is anybody in control?")
    assert heard.kinds[-1] == "completed"
    assert heard.started.level == L0
    mesh.wait_ready("control", other_than=pid)


async def test_without_a_governor_no_turn_begins(
    admin: Person, ada: Person, mesh: Mesh, model: ScriptedUpstream
) -> None:
    async with stopped(admin, mesh, "governor"):
        model.reset()
        refusal = await refused(ada.grpc.stream(ada.grpc.turns.SendMessage, send_request("May I?")))
        assert (refusal.code.name, refusal.reason) == ("UNAVAILABLE", "DEPENDENCY_DOWN")
        assert refusal.retry_seconds
        assert refusal.metadata["dependency"] == "governor"
        assert model.requests() == [], "no call without a hold"
        async with ada.socket() as socket:
            await socket.send("chat.send", content="May I?")
            error = await socket.until("error", "chat.failed")
            assert error["payload"]["code"] == "DEPENDENCY_DOWN"
            assert error["payload"]["retry_after"] > 0


async def test_an_unreachable_model_fails_typed_or_is_level_four(hermit: Person, model: ScriptedUpstream) -> None:
    model.kill()
    try:
        for _ in range(4):
            heard = await hermit.grpc.say("Are you there?")
            if heard.started.level == L4:
                assert heard.kinds[-1] == "completed"
                assert heard.text, "the agent's canned answer"
            else:
                assert heard.kinds[-1] == "failed"
                assert heard.end.failed.reason == "MODEL_UNAVAILABLE"
                assert heard.end.failed.sentence
    finally:
        model.start()
        # The model rests 30 s after it failed often; then the level asks for three good checks.
        await well_again(hermit, within_seconds=150)
    await no_open_holds(hermit)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(FaultKind.UNAUTHORIZED), "MODEL_REFUSED_KEY"),
        (Fault(FaultKind.RATE_LIMITED, seconds=7), "MODEL_RATE_LIMITED"),
        (Fault(FaultKind.SERVER_ERROR), "MODEL_UNAVAILABLE"),
        (Fault(FaultKind.OVERLOADED), "MODEL_UNAVAILABLE"),
        (Fault(FaultKind.CONTEXT_LENGTH), "MODEL_CONTEXT_OVERFLOW"),
        (Fault(FaultKind.CONTENT_FILTER), "MODEL_CONTENT_FILTERED"),
        (Fault(FaultKind.WRONG_CONTENT_TYPE), "MODEL_PROTOCOL_ERROR"),
        (Fault(FaultKind.CUT, at_chunk=6), "MODEL_UNAVAILABLE"),
        (Fault(FaultKind.BAD_JSON, at_chunk=6), "MODEL_PROTOCOL_ERROR"),
        (Fault(FaultKind.SERVER_ERROR, at_chunk=6), "MODEL_UNAVAILABLE"),
    ],
    ids=lambda value: f"{value.kind}-{value.at_chunk}" if isinstance(value, Fault) else value,
)
async def test_each_failure_of_the_model_has_its_reason(
    hermit: Person, model: ScriptedUpstream, fault: Fault, reason: str
) -> None:
    await well_again(hermit)
    model.set_default(Script(fault=fault))
    heard = await hermit.grpc.say("Will this go well?")
    model.reset()
    assert heard.kinds[-1] == "failed", heard.kinds
    failed = heard.end.failed
    assert failed.reason == reason
    assert failed.sentence
    assert failed.partial_text_kept is (fault.at_chunk > 0)
    assert "sk-" not in str(failed)
    if fault.kind is FaultKind.RATE_LIMITED:
        assert failed.retry_after_seconds == 7
    turn = await hermit.grpc.turn(heard.turn_id)
    assert (turn.text, turn.error_reason) == (heard.text, reason)
    await well_again(hermit)
    await no_open_holds(hermit)


@pytest.mark.parametrize("kind", [FaultKind.MISSING_DONE, FaultKind.SLOW])
async def test_small_faults_are_borne(hermit: Person, model: ScriptedUpstream, kind: FaultKind) -> None:
    model.set_default(Script(chunks=8, fault=Fault(kind, at_chunk=3, seconds=0.2)))
    heard = await hermit.grpc.say("Slowly, please.")
    assert heard.kinds[-1] == "completed"
    assert heard.text == model.requests()[0].text_sent
