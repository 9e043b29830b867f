"""One trace id goes from the edge to the model's provider and through every service's log."""

from uuid import uuid4

from soma_common.testing.eventually import eventually
from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import ScriptedUpstream
from tests.e2e.support.person import Person

EXPECTED = {
    "edge": "",
    "chat": "SendMessage",
    "governor": "PlanTurn",
    "memory": "RecallMemories",
    "cognitive": "GetModulation",
}


async def services_of(mesh: Mesh, trace_id: str) -> None:
    def found() -> bool:
        lines = [line for line in mesh.log_lines() if line.get("trace_id") == trace_id]
        for service, method in EXPECTED.items():
            own = [line for line in lines if line.get("service") == service]
            assert any(method in str(line.get("data")) for line in own), (service, method, own)
        return True

    await eventually(found, within_seconds=5, every_seconds=0.2)


async def test_a_trace_that_the_edge_begins(ada: Person, mesh: Mesh, model: ScriptedUpstream) -> None:
    async with ada.socket() as socket:
        await socket.turn("What can you do?")
    [sent] = model.requests()
    assert sent.trace_id is not None
    await services_of(mesh, sent.trace_id)


async def test_a_trace_that_the_client_begins(ada: Person, mesh: Mesh, model: ScriptedUpstream) -> None:
    trace_id = uuid4().hex
    await ada.openai.chat.completions.create(
        model=(await ada.openai.models.list()).data[0].id,
        messages=[{"role": "user", "content": "What can you do?"}],
        extra_headers={"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"},
    )
    [sent] = model.requests()
    assert sent.trace_id == trace_id
    await services_of(mesh, trace_id)


async def test_the_request_id_is_the_correlation_id(ada: Person, mesh: Mesh) -> None:
    request_id = str(uuid4())
    async with ada.socket() as socket:
        await socket.turn("What can you do?", request_id=request_id)

    def found() -> bool:
        services = {line["service"] for line in mesh.log_lines() if line.get("correlation_id") == request_id}
        assert services >= {"chat", "governor", "memory", "cognitive"}
        return True

    await eventually(found, within_seconds=5, every_seconds=0.2)


async def test_no_text_of_a_person_is_in_a_log(ada: Person, mesh: Mesh) -> None:
    secret = f"pumpernickel{uuid4().hex[:8]}"
    await ada.grpc.say(f"My secret word is {secret}.")
    logs = "".join(path.read_text("utf-8", errors="replace") for path in mesh.home.glob("logs/*"))
    assert secret not in logs
