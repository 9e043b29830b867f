"""`somastack conversation` on the running mesh: named, found, taken along, taken in, deleted; and its refusals."""

import json
from pathlib import Path
from typing import Any

from soma_common.testing.eventually import eventually
from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.e2e.support.terminal import Terminal

UNKNOWN = "0197a0c2-1111-7000-8000-000000000001"


def said(mesh: Mesh, *words: str, stdin: str = "") -> str:
    """What a command that succeeds writes to standard output."""
    done = mesh.cli("conversation", *words, stdin=stdin)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


def told(mesh: Mesh, *words: str) -> Any:
    """The JSON of a command that succeeds."""
    return json.loads(said(mesh, *words, "--json"))


async def test_a_conversation_is_named_found_taken_along_taken_in_and_deleted(
    mesh: Mesh, model: ScriptedUpstream, tmp_path: Path
) -> None:
    model.enqueue(Script(text="A quokka is a small marsupial."))
    assert mesh.cli("chat", "What is a quokka, please?").returncode == 0

    def named() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = told(mesh, "list", "--title", "QUOKKA")["conversations"]
        return found

    # No model names it here, so its first words do.
    (conversation,) = await eventually(named, within_seconds=60)
    assert conversation["title"] == "What is a quokka, please?"
    assert conversation["conversation_id"] in said(mesh, "list")
    shown = said(mesh, "search", "small", "marsup*")
    assert "*small* *marsupial*" in shown
    (found,) = told(mesh, "search", "small", "marsup*")["messages"]
    assert found["conversation_id"] == conversation["conversation_id"]
    file = tmp_path / "talk.json"
    assert said(mesh, "export", conversation["conversation_id"], "-o", str(file)) == ""
    exported = json.loads(file.read_text())
    assert [message["role"] for message in exported["messages"]] == ["ROLE_USER", "ROLE_ASSISTANT"]
    assert "## You" in said(mesh, "export", "--markdown", conversation["conversation_id"])
    copy = said(mesh, "import", "-", stdin=file.read_text()).strip()
    assert len(told(mesh, "search", "quokka", "small")["messages"]) == 2
    refused = mesh.cli("conversation", "delete", copy)
    assert refused.returncode == 2, "nobody can be asked"
    assert "its 2 messages" in refused.stderr
    assert said(mesh, "delete", "--yes", copy) == f"Deleted: {copy}\n"
    assert len(told(mesh, "search", "quokka", "small")["messages"]) == 1
    said(mesh, "delete", "--yes", "--keep-memories", conversation["conversation_id"])


def test_a_document_on_a_screen_is_text_only(mesh: Mesh, model: ScriptedUpstream) -> None:
    model.enqueue(Script(match="Hide", text="Seen.\x1b[2J\u202e Unseen."))
    assert mesh.cli("chat", "Hide what you wrote.").returncode == 0
    latest = told(mesh, "list", "-n", "1")["conversations"][0]["conversation_id"]
    words = ("export", "--markdown", latest)
    assert "Seen.\x1b[2J" in said(mesh, *words)
    terminal = Terminal(mesh, "conversation", *words)
    try:
        terminal.wait_for("Seen.\\u001b[2J\\u202e Unseen.")
        assert terminal.end() == 0
    finally:
        terminal.close()


def test_what_cannot_be_done_is_a_sentence(mesh: Mesh, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    missing = mesh.cli("conversation", "export", UNKNOWN, "-o", str(file))
    assert (missing.returncode, list(tmp_path.iterdir())) == (1, [])
    file.write_text("{")
    broken = mesh.cli("conversation", "import", str(file))
    assert (broken.returncode, "is no JSON" in broken.stderr) == (2, True)
    wordless = mesh.cli("conversation", "search", "...")
    assert (wordless.returncode, "no word" in wordless.stderr) == (2, True)
    assert said(mesh, "search", "nobodyeversaidthis") == "Nothing that was said has all of these words.\n"
