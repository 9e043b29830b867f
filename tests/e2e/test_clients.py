"""Other people's client libraries, unmodified, as programs of their own: LangChain's ChatOpenAI and litellm."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from soma_common.testing.environments import EnvironmentMissingError, environment
from soma_common.testing.mesh import Mesh, fresh_sub
from soma_common.testing.upstream import ReceivedRequest, Script, ToolCall

ROOT = Path(__file__).parents[2]
LANGCHAIN = ("langchain-openai==1.7.4", "langchain-core==1.8.3")
RIVER = '{"because": "It is long.", "name": "Nile", "length": 6650}'
CALLS = (
    ToolCall("weather_lookup", '{"city": "Oslo"}', id="call_a"),
    ToolCall("weather_lookup", '{"city": "Rome"}', id="call_b"),
)
ASKED = [["weather_lookup", {"city": "Oslo"}], ["weather_lookup", {"city": "Rome"}]]


def scripts() -> list[Script]:
    """How the model answers each step; the step's name stands in its question."""
    said = [
        Script(match=f"[{name}]", text=f"This is {name}.", chunks=6, gap_seconds=0.05)
        for name in ("whole", "streamed", "synchronous")
    ]
    called = [Script(match=f"[{name}]", tool_calls=CALLS) for name in ("tools", "streamed_tools")]
    river = ToolCall("River", RIVER, id="call_r")
    return [
        *said,
        *called,
        Script(match="[tools]", text="Rain everywhere."),
        Script(match="[structured json_schema]", text=RIVER),
        Script(match="[structured function_calling]", tool_calls=(river,)),
        Script(match="[structured json_mode]", text=RIVER),
    ]


@dataclass(frozen=True, slots=True)
class Ran:
    """What a program printed, and what the model was asked meanwhile."""

    steps: dict[str, Any]
    requests: list[ReceivedRequest]

    def asked(self, name: str) -> list[dict[str, Any]]:
        return [each.body for each in self.requests if f"[{name}" in json.dumps(each.body)]


@pytest.fixture(scope="module", params=["langchain", "litellm"])
def ran(request: pytest.FixtureRequest, mesh: Mesh) -> Ran:
    python = sys.executable
    if request.param == "langchain":
        try:
            python = str(environment("clients/langchain-1.7.4", *LANGCHAIN) / "bin" / "python")
        except EnvironmentMissingError as missing:
            pytest.skip(str(missing))
    mesh.upstream.start()
    mesh.upstream.reset()
    mesh.upstream.enqueue(*scripts())
    quiet = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "PYTHON_DOTENV_DISABLED": "1", "LITELLM_TELEMETRY": "False"}
    door = {"OPENAI_BASE_URL": mesh.openai_url, "OPENAI_API_KEY": mesh.token_for(fresh_sub())}
    done = subprocess.run(
        [python, "-m", f"tests.e2e.clients.{request.param}_program", "assistant"],
        cwd=ROOT,
        env={**os.environ, **quiet, **door},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    steps: dict[str, Any] = {}
    for line in (each for each in done.stdout.splitlines() if each.startswith("{")):
        steps.update(json.loads(line))
    return Ran(steps, mesh.upstream.requests())


def test_a_whole_answer(ran: Ran) -> None:
    assert ran.steps["whole"]["text"] == "This is whole."
    assert ran.steps["synchronous"]["text"] == "This is synchronous."
    [asked] = ran.asked("whole]")
    assert asked["temperature"] == 0.3


def test_a_streamed_answer(ran: Ran) -> None:
    streamed = ran.steps["streamed"]
    assert streamed["text"] == "This is streamed."
    assert streamed["pieces"] > 1
    assert streamed["finish"] == "stop"


def test_usage_is_told(ran: Ran) -> None:
    [sent] = [each for each in ran.requests if "[streamed]" in json.dumps(each.body)]
    for step in ("whole", "streamed"):
        usage = ran.steps[step]["usage"]
        assert usage["total_tokens"] > 0
    used = ran.steps["streamed"]["usage"]
    assert used.get("output_tokens", used.get("completion_tokens")) == sent.completion_tokens
    assert used.get("input_tokens", used.get("prompt_tokens")) == sent.prompt_tokens


def test_tools_and_their_results(ran: Ran) -> None:
    assert ran.steps["tools"] == {"calls": ASKED, "text": "Rain everywhere."}
    _, second = ran.asked("tools]")
    assert [message["role"] for message in second["messages"][-4:]] == ["user", "assistant", "tool", "tool"]
    assert all("quokka" in message["content"] for message in second["messages"][-2:])


def test_tools_while_streaming(ran: Ran) -> None:
    assert ran.steps["streamed_tools"]["calls"] == ASKED


def test_structured_output(ran: Ran) -> None:
    assert all(river == json.loads(RIVER) for river in ran.steps["structured"].values())
    [asked] = ran.asked("structured json_schema]")
    schema = asked["response_format"]["json_schema"]
    assert schema["strict"] is True
    assert list(schema["schema"]["properties"]) == ["because", "name", "length"]


def test_what_is_refused_is_an_error_of_its_own(ran: Ran) -> None:
    refused = ran.steps["refused"]
    if "param" in refused:
        assert refused["param"] == "messages[0].content[0].type"
        return
    assert {name: kind for name, (kind, _) in refused.items()} == {
        "model": "NotFoundError",
        "key": "AuthenticationError",
        "body": "BadRequestError",
    }
