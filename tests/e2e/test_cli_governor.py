"""The governor at the command line: budgets of every scope, receipts compared and made again, levels, configuration."""

import hashlib
import json
import signal
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

import pytest

from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.e2e.test_cli_slash import converse
from tests.e2e.test_cli_verbs import said, told


def paths(mesh: Mesh) -> dict[str, str]:
    """The values that hold."""
    lines = said(mesh, "governor", "config", "show").splitlines()
    return dict(line.split(" = ") for line in lines if not line.startswith("#"))


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
        mine = [row for row in told(mesh, "budget", "show")["budgets"] if row["scope"] == "BUDGET_SCOPE_USER"]
        assert [(row["period"], row["limit_tokens"]) for row in mine] == [("BUDGET_PERIOD_MONTH", "900000000")]
    finally:
        said(mesh, "budget", "clear", *each)
    assert not told(mesh, "budget", "list", "--scope", "user")["budgets"]


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
    newest, before = (row["receipt_id"] for row in listed["receipts"])
    assert told(mesh, "receipt", "last~1")["receipt_id"] == before
    receipt = told(mesh, "receipt", newest)
    assert told(mesh, "receipt", receipt["turn_id"]) == receipt, "by its turn as well"
    assert newest in said(mesh, "receipt", "list", "--level", "L0", "--since", "5m")
    differences = told(mesh, "receipt", "diff", "last~1", newest)["differences"]
    assert {row["part"] for row in differences} >= {"usage"}, differences
    assert not told(mesh, "receipt", "diff", newest, newest)["differences"]
    made = mesh.cli("receipt", "prompt", newest)
    assert made.returncode == 0, made.stderr
    assert "Exact" in made.stderr
    assert hashlib.sha256(made.stdout.encode()).digest() == b64decode(receipt["legs"][0]["request_sha256"])
    assert "Which tea is the strongest" in made.stdout
    assert "system_prompt" in said(mesh, "receipt", "show", newest, "--items")


def test_the_level_is_told_and_followed_until_it_is_interrupted(mesh: Mesh, model: ScriptedUpstream) -> None:
    status = told(mesh, "level")
    assert status["level"] == "DEGRADATION_LEVEL_L0"
    assert {row["name"] for row in status["dependencies"]} >= {"memory", "database"}
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
def test_a_configuration_is_checked_changed_compared_and_restored(mesh: Mesh, model: ScriptedUpstream) -> None:
    before = told(mesh, "governor", "config", "show")["version"]
    change = ("levels.L0.tool_k=9", "rates.tenant_concurrent_turns=999")
    checked = mesh.cli("governor", "config", "set", "--check", *change)
    assert (checked.returncode, checked.stdout) == (0, "It would be accepted.\n"), checked.stderr
    assert "levels.L0.tool_k: 5 → 9" in checked.stderr
    assert told(mesh, "governor", "config", "show")["version"] == before
    made = told(mesh, "governor", "config", "set", *change, "-m", "for a test")
    assert made["version"] == before + 1
    assert paths(mesh)["levels.L0.tool_k"] == "9"
    [newest] = told(mesh, "governor", "config", "versions", "-n", "1")["versions"]
    assert (newest["comment"], newest["changed_fields"]) == ("for a test", ["levels", "rates"])
    assert told(mesh, "governor", "config", "diff", "0")["differences"][0]["after"] == "9"
    back = said(mesh, "governor", "config", "restore", "0")
    assert back == f"Version {before + 2} holds now.\n"
    assert "Nothing changes" in said(mesh, "governor", "config", "restore", "0")


@pytest.mark.usefixtures("untuned")
def test_a_configuration_is_edited_and_what_is_refused_is_kept(mesh: Mesh, model: ScriptedUpstream) -> None:
    edit = ("governor", "config", "edit", "--editor")
    done = mesh.cli(*edit, "sed -i s/^good_checks_to_recover.*/good_checks_to_recover=4/")
    assert done.returncode == 0, done.stderr
    assert paths(mesh)["good_checks_to_recover"] == "4"
    refused = mesh.cli(*edit, "sed -i 's/^weights.context_quality.*/weights.context_quality = 0.9/'")
    assert refused.returncode == 2
    assert "sum to" in refused.stderr
    kept = (
        next(line for line in refused.stderr.splitlines() if "What you wrote is in" in line).split("; ")[0].split()[-1]
    )
    again = mesh.cli("governor", "config", "set", "--check", "--from", kept)
    assert again.returncode == 2, "it is the same"
    assert mesh.cli(*edit, "true").returncode == 1, "nothing was changed"
    assert mesh.cli(*edit, "false").returncode == 1


def test_calibration_tells_each_model(mesh: Mesh, model: ScriptedUpstream) -> None:
    said(mesh, "chat", "How well was this predicted?")
    found: list[Any] = told(mesh, "governor", "calibration")["calibration"]
    assert mesh.model in {row["model"] for row in found}
    assert mesh.model in said(mesh, "governor", "calibration", "--bins")


def test_a_conversation_tells_its_budgets_and_the_level(mesh: Mesh, model: ScriptedUpstream) -> None:
    done = converse(mesh, "What may I spend?", "/budget", "/level", "/receipt last", "/quit")
    assert done.returncode == 0, done.stderr
    for word in ("tenant", "day", "Level L0", "memory", "Lanes"):
        assert word in done.stdout, word
    assert " · AIQ " in done.stderr, "the last line of an answer"


@pytest.mark.parametrize(
    "words",
    [
        ("budget", "set", "--scope", "user", "--tokens", "1"),
        ("budget", "set", "--of", "ada", "--tokens", "1"),
        ("budget", "set", "--scope", "conversation", "--of", "1", "--tokens", "1"),
        ("budget", "list", "--of", "ada"),
        ("receipt", "last~x"),
        ("receipt", "list", "--level", "L7"),
        ("receipt", "list", "--since", "soon"),
        ("receipt", "prompt", "--leg", "0"),
        ("level", "watch", "now"),
        ("governor", "config", "set"),
        ("governor", "config", "set", "weights.context=1"),
        ("governor", "config", "set", "weights.context_quality=much"),
        ("governor", "config", "diff", "-1"),
    ],
    ids=" ".join,
)
def test_wrong_words_are_wrong_use(mesh: Mesh, words: tuple[str, ...]) -> None:
    done = mesh.cli(*words)
    assert done.returncode == 2, (words, done.stdout, done.stderr)
    assert done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("budget", "set", "--scope", "agent", "--of", "nobody", "--tokens", "1"), "nobody"),
        (("governor", "config", "show", "--version", "99999"), "99999"),
        (("receipt", "diff", "last", "0197a0c2-1111-7000-8000-000000000001"), "0197a0c2"),
    ],
)
def test_what_is_not_there_is_named(mesh: Mesh, model: ScriptedUpstream, words: tuple[str, ...], named: str) -> None:
    said(mesh, "chat", "Something to compare.") if "diff" in words else None
    done = mesh.cli(*words)
    assert done.returncode == 1, (words, done.stdout, done.stderr)
    assert named in done.stderr
