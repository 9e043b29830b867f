"""The command as a process, used as nobody should: always a sentence and an exit code, never an error inside."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.exits import Exit
from cli.failures import keep_details
from cli.stack.first_start import make_first_start
from cli.stack.occupied import first_occupied
from cli.stack.supervisord import why_not
from config import load_settings
from soma_common.kernel.ids import Ids

ROOT = Path(__file__).parents[3]
NO_TEXT = b"what is \xff"


def run(home: Path, *words: bytes | str, given: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """One call of the command with this data folder and nothing else set."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *words],
        input=given,
        capture_output=True,
        cwd=ROOT,
        env={**kept, "SOMA_HOME": str(home), "PYTHONPATH": str(ROOT / "gen"), **environment},
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("piped", [False, True], ids=["argument", "standard input"])
def test_a_question_that_is_no_text(tmp_path: Path, piped: bool) -> None:
    done = run(tmp_path, "chat", given=NO_TEXT) if piped else run(tmp_path, "chat", NO_TEXT)
    assert done.returncode == Exit.WRONG_USE
    assert b"UTF-8" in done.stderr


def test_a_terminal_that_cannot_show_every_character(tmp_path: Path) -> None:
    done = run(tmp_path, "status", PYTHONIOENCODING="ascii", SOMA_INSTANCE="x")
    assert done.returncode == Exit.CANNOT_REACH
    assert b"STOPPED" in done.stdout
    assert "–".encode() not in done.stdout


def test_without_a_place_for_details_the_details_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "not" / "there"))
    assert keep_details("all of it") is None


def test_an_address_of_another_machine_is_not_called_an_occupied_port(tmp_path: Path) -> None:
    settings = load_settings({"SOMA_HOME": str(tmp_path), "SOMA_BIND": "203.0.113.7"})
    sentence = first_occupied(settings)
    assert sentence is not None
    assert "203.0.113.7" in sentence
    assert "SOMA_BIND" in sentence
    assert "in use" not in sentence


@pytest.fixture
def started(tmp_path: Path) -> Path:
    """A data folder whose keys and passwords are made, with nothing running."""
    make_first_start(load_settings({"SOMA_HOME": str(tmp_path), "SOMA_INSTANCE": "x"}), Ids())
    return tmp_path


@pytest.mark.parametrize("text", ["garbage", "{}"])
@pytest.mark.parametrize("words", [("token",), ("up",)], ids=lambda words: words[0])
def test_a_damaged_key_is_named_with_its_remedy(started: Path, text: str, words: tuple[str, ...]) -> None:
    key = started / "keys" / "user.json"
    key.write_text(text)
    done = run(started, *words)
    assert done.returncode == Exit.FAILED
    assert str(key).encode() in done.stderr
    assert b"somastack up" in done.stderr


@pytest.mark.parametrize("sub", [b"a\xff", "\x1b[31m", "x" * 201], ids=repr)
def test_a_subject_is_a_name(started: Path, sub: bytes | str) -> None:
    done = run(started, "token", "--sub", sub)
    assert done.returncode == Exit.WRONG_USE
    assert b"subject" in done.stderr
    assert not done.stdout


def test_a_supervisor_that_does_not_start_says_why() -> None:
    complaints = "Error: The directory named as part of the path /x/logs does not exist\nFor help, use x -h\n"
    assert why_not(complaints) == "Error: The directory named as part of the path /x/logs does not exist"
    assert why_not("a\nb\n") == "b"
    assert why_not("") == "it gave no reason."
