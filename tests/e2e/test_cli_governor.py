"""The governor at the command line, beyond what the documents run: refusals, following, editing, in a conversation."""

import json
import signal
import subprocess
from pathlib import Path

from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import ScriptedUpstream
from tests.e2e.test_cli_slash import converse
from tests.e2e.test_cli_verbs import said


def test_a_turn_that_is_refused_says_what_to_do(mesh: Mesh, model: ScriptedUpstream) -> None:
    everybody = ("--scope", "conversation", "--of", "each", "--period", "turn")
    said(mesh, "budget", "set", *everybody, "--tokens", "5", "--hard")
    try:
        refused = mesh.cli("chat", "Is there anything left?")
        assert refused.returncode == 1
        assert "of the conversation is used up" in refused.stderr
        assert "`somastack budget show`" in refused.stderr
        assert not model.requests()
    finally:
        said(mesh, "budget", "clear", *everybody)


def test_the_level_is_told_and_followed_until_it_is_interrupted(mesh: Mesh, model: ScriptedUpstream) -> None:
    watching = mesh.begin("level", "watch", "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert watching.stdout is not None
        assert json.loads(watching.stdout.readline())["level"].startswith("DEGRADATION_LEVEL_L")
        watching.send_signal(signal.SIGINT)
        _, complaints = watching.communicate(timeout=20)
    finally:
        watching.kill()
    assert (watching.returncode, complaints) == (130, b"")


def test_a_configuration_is_edited_and_what_is_refused_is_kept(mesh: Mesh, model: ScriptedUpstream) -> None:
    edit = ("governor", "config", "edit", "--editor")
    done = mesh.cli(*edit, "sed -i s/^good_checks_to_recover.*/good_checks_to_recover=4/", "--check")
    assert "good_checks_to_recover: 3 → 4" in done.stderr
    assert done.stdout == "It would be accepted.\n"
    refused = mesh.cli(*edit, "sed -i 's/^weights.context_quality.*/weights.context_quality = 0.9/'")
    assert refused.returncode == 2
    assert "sum to" in refused.stderr
    kept = refused.stderr.partition("What you wrote is in ")[2].partition(";")[0]
    assert "weights.context_quality = 0.9" in Path(kept).read_text("utf-8")
    Path(kept).unlink()


def test_a_conversation_tells_its_budgets_and_the_level(mesh: Mesh, model: ScriptedUpstream) -> None:
    done = converse(mesh, "What may I spend?", "/budget", "/level", "/receipt last", "/quit")
    assert done.returncode == 0, done.stderr
    for word in ("tenant", "day", "Level L", "memory", "Lanes"):
        assert word in done.stdout, word
    assert " · AIQ " in done.stderr, "the last line of an answer"
