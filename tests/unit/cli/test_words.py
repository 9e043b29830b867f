"""Small words of the command line: spans of time, exit codes, help, the text of the supervisor's settings."""

from configparser import RawConfigParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.exits import CommandError, Exit
from cli.failures import code_of
from cli.main import app
from cli.render import duration
from cli.spans import seconds_of
from cli.stack.supervisord import settings_text
from config import SettingsError, load_settings
from config.problems import Problem
from config.rules import not_started
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason

YEAR = 366 * 86_400


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30m", 1800), ("1h", 3600), ("7d", 604_800)])
def test_a_span_of_time(text: str, seconds: int) -> None:
    assert seconds_of(text, YEAR) == seconds


@pytest.mark.parametrize("text", ["", "0s", "5", "-1h", "1w", "400d", "1h30m"])
def test_what_is_no_span_of_time_is_wrong_use(text: str) -> None:
    with pytest.raises(CommandError) as caught:
        seconds_of(text, YEAR)
    assert caught.value.code is Exit.WRONG_USE


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3700, "1 h 1 min"), (190_000, "2 d 4 h")]
)
def test_a_duration_for_people(seconds: int, words: str) -> None:
    assert duration(seconds) == words


def test_every_failure_has_its_exit_code() -> None:
    assert code_of(SomaError(Reason.DEPENDENCY_DOWN)) is Exit.CANNOT_REACH
    assert code_of(SomaError(Reason.SCOPE_MISSING)) is Exit.NOT_ALLOWED
    assert code_of(SomaError(Reason.BUDGET_EXHAUSTED)) is Exit.FAILED
    assert code_of(SettingsError([Problem("A", "is wrong", "Mend it.")])) is Exit.WRONG_USE
    assert code_of(SettingsError([not_started()])) is Exit.CANNOT_REACH


COMMANDS = (
    "up, down, status, logs, chat, token, config show, doctor, receipt, budget show, budget set, "
    "memory recall, memory store, memory list, memory show, memory edit, memory correct, memory pin, memory unpin, "
    "memory forget, memory link, memory unlink, memory neighbors, memory path, memory sweep, memory consolidate, "
    "memory consolidations, memory rollback, memory quarantine, memory quarantines, memory restore, memory export, "
    "memory import, memory stats, memory rebuild-index, memory forget-person, memory erasure, "
    "mind show, mind explain, mind set, mind reset, model list, model test, "
    "tenant create, tenant list, tenant show, key create, key list, key rotate, key revoke"
)


@pytest.mark.parametrize("words", [[], *(command.split() for command in COMMANDS.split(", "))])
def test_every_command_explains_itself_with_an_example(words: list[str]) -> None:
    text = CliRunner().invoke(app, [*words, "--help"]).output
    assert "somastack" in text
    assert not words or "Example" in text


def test_the_supervisors_settings_hold_no_secret_and_read_back_as_written(tmp_path: Path) -> None:
    home = tmp_path / "a 100% home"
    environment = {
        "SOMA_HOME": str(home),
        "SOMA_INSTANCE": "a",
        "OPENAI_API_KEY": "sk-secret",
        "SOMA_CHAT_WORKERS": "2",
    }
    text = settings_text(load_settings(environment))
    assert "sk-secret" not in text
    parser = RawConfigParser(strict=True, inline_comment_prefixes=(";",))
    parser.read_string(text)
    assert parser["program:database"]["autostart"] == "true"
    assert parser["program:database"]["stopsignal"] == "INT"
    assert parser["program:chat-2"]["environment"] == 'SOMA_WORKER="1"'
    assert "100%% home" in parser["program:chat"]["stdout_logfile"]
    commands = [parser[section]["command"] for section in parser.sections() if section.startswith("program:")]
    assert all(" -m " in command for command in commands)
