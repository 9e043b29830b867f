"""Commands inside a conversation at a terminal."""

import os
import pty
import subprocess

from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import Script, ScriptedUpstream


def converse(mesh: Mesh, *lines: str) -> subprocess.CompletedProcess[str]:
    """A conversation typed at a terminal; what is printed goes into pipes."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, "".join(f"{line}\n" for line in lines).encode())
        return mesh.cli("chat", stdin=theirs)
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_conversation_can_be_asked_about_itself(mesh: Mesh, model: ScriptedUpstream) -> None:
    model.set_default(Script(text="Assam is a tea."))
    assert mesh.cli("memory", "add", "Ada drinks Assam").returncode == 0
    done = converse(mesh, "What is Assam?", "/receipt", "/mind", "/memory Assam", "/model", "/help", "/quit", "unheard")
    assert done.returncode == 0, done.stderr
    assert "Assam is a tea." in done.stdout
    said = done.stderr.partition("receipt ")[2].split()[0]
    assert f"Receipt {said}" in done.stdout, "the receipt of this conversation"
    for word in ("dopamine", "SCORE", mesh.model, "/quit"):
        assert word in done.stdout, word
    assert all("unheard" not in request.prompt for request in model.requests())


def test_an_agent_that_rests_is_woken_for_the_last_question(mesh: Mesh, model: ScriptedUpstream) -> None:
    model.set_default(Script(text="Assam is a tea."))
    for state in ("light", "deep"):
        assert mesh.cli("mind", "sleep", state).returncode == 0
    done = converse(mesh, "What is Assam?", "/wake", "/mind", "/quit")
    assert done.returncode == 0, done.stderr
    rested, _, woken = done.stdout.partition("Assam is a tea.")
    assert "is resting" in rested
    assert "Sleep: active" in woken
    assert "graph 0.20" in woken, "what recall weighs"
    assert len(model.requests()) == 1, "who rests asks no model"


def test_what_is_no_command_is_said_and_the_conversation_goes_on(mesh: Mesh, model: ScriptedUpstream) -> None:
    model.set_default(Script(text="It names machines."))
    done = converse(mesh, "/dance", "/memory", "/receipt 1", "/etc/hosts is what?", "/quit")
    assert done.returncode == 0, done.stderr
    assert "There is no command /dance" in done.stderr
    assert "What shall be looked for?" in done.stderr
    assert "no id of a receipt" in done.stderr
    assert "It names machines." in done.stdout
