"""A turn by `buf curl`, which knows nothing of us but what reflection tells it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import ScriptedUpstream

BUF = Path(sys.executable).parent / "buf"


def buf_curl(mesh: Mesh, service: str, method: str, body: Any, token: str | None) -> subprocess.CompletedProcess[str]:
    identity = [] if token is None else ["--header", f"Authorization: Bearer {token}"]
    reflection = [] if token is None else ["--reflect-header", "*"]
    return subprocess.run(
        [
            *(str(BUF), "curl", "--protocol", "grpc", "--http2-prior-knowledge"),
            *(*identity, *reflection, "--data", json.dumps(body), f"http://{mesh.target(service)}/{method}"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def messages_of(output: str) -> list[dict[str, Any]]:
    decoder, position, found = json.JSONDecoder(), 0, []
    while output[position:].strip():
        position += len(output[position:]) - len(output[position:].lstrip())
        value, position = decoder.raw_decode(output, position)
        found.append(value)
    return found


def test_a_turn(mesh: Mesh, model: ScriptedUpstream) -> None:
    body = {"content": [{"text": "What can you do?"}], "request_id": str(uuid4())}
    done = buf_curl(mesh, "chat", "soma.chat.v1.TurnService/SendMessage", body, mesh.token())
    assert done.returncode == 0, done.stderr
    events = messages_of(done.stdout)
    assert "started" in events[0]
    assert "completed" in events[-1]
    assert "".join(event["text"]["text"] for event in events if "text" in event) == model.requests()[0].text_sent


def test_every_service_can_be_reflected_and_called(mesh: Mesh) -> None:
    token = mesh.token()
    calls = {
        "chat": "soma.chat.v1.ConversationService/ListConversations",
        "governor": "soma.governor.v1.GovernorService/GetBudget",
        "control": "soma.control.v1.AdminService/ListServices",
        "cognitive": "soma.cognitive.v1.NeuromodulatorService/GetNeuromodulators",
    }
    for service, method in calls.items():
        done = buf_curl(mesh, service, method, {}, token)
        assert done.returncode == 0, (service, done.stderr)
    recalled = buf_curl(mesh, "memory", "soma.memory.v1.MemoryService/RecallMemories", {"query": "anything"}, token)
    assert recalled.returncode == 0, recalled.stderr


def test_without_a_token_it_is_told_what_to_do(mesh: Mesh) -> None:
    done = buf_curl(mesh, "chat", "soma.chat.v1.ConversationService/ListConversations", {}, None)
    assert done.returncode != 0
    assert "unauthenticated" in done.stderr
    assert "somastack token" in done.stderr
    assert "Traceback" not in done.stderr
