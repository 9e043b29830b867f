"""Questions that come through a pipe, and answers for programs."""

import json
import subprocess
import time

from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import Fault, FaultKind, Script, ScriptedUpstream


def test_a_question_comes_through_a_pipe(mesh: Mesh, model: ScriptedUpstream) -> None:
    model.set_default(Script(text="Hello to you."))
    for words in ((), ("-",)):
        done = mesh.cli("chat", *words, stdin="hi there\n")
        assert (done.returncode, done.stdout) == (0, "Hello to you.\n"), done.stderr
        assert model.requests()[-1].messages[-1]["content"] == "hi there"
    mesh.cli("chat", "What is this?", "-", stdin="a diff\n")
    assert model.requests()[-1].messages[-1]["content"] == "What is this?\n\na diff"


def test_events_are_lines_of_json(mesh: Mesh, model: ScriptedUpstream) -> None:
    model.set_default(Script(text="One two three.", chunks=3))
    done = mesh.cli("chat", "--json", "Count.")
    assert (done.returncode, done.stderr) == (0, "")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert "".join(event["text"]["text"] for event in events if "text" in event) == "One two three."
    assert [event["sequence"] for event in events] == sorted({event["sequence"] for event in events})
    assert "started" in events[0]
    assert "completed" in events[-1]
    again = mesh.cli("chat", "--json", "--conversation", events[0]["started"]["conversation_id"], "And on.")
    assert json.loads(again.stdout.splitlines()[0])["started"]["conversation_id"] in done.stdout


def test_a_failed_answer_ends_with_one_in_json_too(mesh: Mesh, model: ScriptedUpstream) -> None:
    model.set_default(Script(fault=Fault(FaultKind.UNAUTHORIZED)))
    done = mesh.cli("chat", "--json", stdin="hi")
    assert done.returncode == 1
    assert json.loads(done.stdout.splitlines()[-1])["failed"]["sentence"]


def test_wrong_use_of_chat(mesh: Mesh) -> None:
    for words in (("--continue", "--conversation", "x", "y"), ("--conversation", "x", "y"), ("--json",), ("",), ("-",)):
        done = mesh.cli("chat", *words)
        assert done.returncode == 2, (words, done.stderr)
    unknown = mesh.cli("chat", "--conversation", "0197a0c2-1111-7000-8000-000000000001", "hello")
    assert unknown.returncode == 1
    assert "Traceback" not in unknown.stderr


def test_a_stopped_answer_ends_with_130(mesh: Mesh, model: ScriptedUpstream) -> None:
    model.set_default(Script(text="A long story. " * 200, chunks=200, gap_seconds=0.05))
    process = mesh.begin("chat", "Tell me.", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.read(20)
    process.send_signal(2)
    since = time.monotonic()
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"Stopped" in said
    assert time.monotonic() - since < 5
