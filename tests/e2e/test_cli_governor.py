"""The governor at the command line: budgets of scopes, receipts compared and made again, levels, configuration."""

import hashlib
import json
import signal
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import pytest

from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.e2e.test_cli_slash import converse
from tests.e2e.test_cli_verbs import said, told


@pytest.fixture
def untuned(mesh: Mesh) -> Iterator[None]:
    """Whatever a test tunes is taken back."""
    yield
    said(mesh, "governor", "config", "restore", "0")


def test_budgets_of_scopes_are_set_listed_and_cleared(mesh: Mesh, model: ScriptedUpstream) -> None:
    each = ("--scope", "user", "--of", "each", "--period", "month")
    done = mesh.cli("budget", "set", *each, "--tokens", "900000000", "--hard", "--json")
    try:
        assert "Each user that has no such budget of its own may use at most 900,000,000 tokens" in done.stderr
        assert json.loads(done.stdout)["scope"] == "BUDGET_SCOPE_USER"
        kept = told(mesh, "budget", "set", *each, "--micros", "800000000")
        assert (kept["limit_tokens"], kept["limit_micros"], kept["hard"]) == ("900000000", "800000000", True)
        assert "each user" in said(mesh, "budget", "list", "--scope", "user")
        assert "user owner" in said(mesh, "budget", "show"), "whom the template bounds"
    finally:
        assert "No limit any more: each user, month." in said(mesh, "budget", "clear", *each)


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


def test_receipts_are_listed_compared_and_made_again(mesh: Mesh, model: ScriptedUpstream) -> None:
    model.set_default(Script(text="Assam."))
    said(mesh, "chat", "Which tea?")
    said(mesh, "chat", "Which tea is the strongest one of all, and why is that so?")
    listed = told(mesh, "receipt", "list", "-n", "2")
    newest = listed["receipts"][0]["receipt_id"]
    turn = listed["receipts"][0]["turn_id"]
    receipt = told(mesh, "receipt", turn)
    assert receipt["receipt_id"] == newest, "by its turn as well"
    shown = said(mesh, "receipt", "diff", "last~1", newest)
    assert shown.startswith("PART")
    made = mesh.cli("receipt", "prompt", newest)
    assert made.returncode == 0, made.stderr
    assert "Exact" in made.stderr
    assert hashlib.sha256(made.stdout.encode()).digest() == b64decode(receipt["legs"][0]["request_sha256"])
    assert "Which tea is the strongest" in made.stdout


def test_the_level_is_told_and_followed_until_it_is_interrupted(mesh: Mesh, model: ScriptedUpstream) -> None:
    watching = mesh.begin("level", "watch", "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert watching.stdout is not None
        assert json.loads(watching.stdout.readline())["level"] == "DEGRADATION_LEVEL_L0"
        watching.send_signal(signal.SIGINT)
        _, complaints = watching.communicate(timeout=20)
    finally:
        watching.kill()
    assert (watching.returncode, complaints) == (130, b"")


@pytest.mark.usefixtures("untuned")
def test_a_configuration_is_checked_changed_and_compared(mesh: Mesh, model: ScriptedUpstream) -> None:
    change = ("levels.L0.tool_k=9", "rates.tenant_concurrent_turns=999")
    checked = mesh.cli("governor", "config", "set", "--check", *change)
    assert (checked.returncode, checked.stdout) == (0, "It would be accepted.\n"), checked.stderr
    assert "levels.L0.tool_k: 5 → 9" in checked.stderr
    made = told(mesh, "governor", "config", "set", *change, "-m", "for a test")
    assert made["changed_fields"] == ["levels", "rates"]
    assert "for a test" in said(mesh, "governor", "config", "versions", "-n", "1")
    assert told(mesh, "governor", "config", "diff", "0")["differences"][0]["after"] == "9"


@pytest.mark.usefixtures("untuned")
def test_a_configuration_is_edited_and_what_is_refused_is_kept(mesh: Mesh, model: ScriptedUpstream) -> None:
    edit = ("governor", "config", "edit", "--editor")
    done = mesh.cli(*edit, "sed -i s/^good_checks_to_recover.*/good_checks_to_recover=4/")
    assert "good_checks_to_recover: 3 → 4" in done.stderr
    assert "holds now" in done.stdout
    refused = mesh.cli(*edit, "sed -i 's/^weights.context_quality.*/weights.context_quality = 0.9/'")
    assert refused.returncode == 2
    assert "sum to" in refused.stderr
    kept = (
        next(line for line in refused.stderr.splitlines() if "What you wrote is in" in line).split("; ")[0].split()[-1]
    )
    assert "weights.context_quality = 0.9" in Path(kept).read_text("utf-8")
    Path(kept).unlink()


def test_a_conversation_tells_its_budgets_and_the_level(mesh: Mesh, model: ScriptedUpstream) -> None:
    done = converse(mesh, "What may I spend?", "/budget", "/level", "/receipt last", "/quit")
    assert mesh.model in said(mesh, "governor", "calibration")
    assert done.returncode == 0, done.stderr
    for word in ("tenant", "day", "Level L0", "memory", "Lanes"):
        assert word in done.stdout, word
    assert " · AIQ " in done.stderr, "the last line of an answer"
