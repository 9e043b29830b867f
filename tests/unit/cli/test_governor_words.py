"""Wrong words for the governor's commands are wrong use, before anybody is asked."""

import pytest
from typer.testing import CliRunner

from cli.exits import CommandError, Exit
from cli.main import app

UNKNOWN = "0197a0c2-1111-7000-8000-000000000001"


@pytest.mark.parametrize(
    "words",
    [
        ("budget", "list", "--of", "ada"),
        ("budget", "set"),
        ("budget", "set", "--scope", "nobody", "--tokens", "1"),
        ("budget", "set", "--period", "year", "--tokens", "1"),
        ("budget", "set", "--tokens", "-1"),
        ("receipt", "last~x"),
        ("receipt", "first"),
        ("receipt", "diff", UNKNOWN),
        ("receipt", "list", "--level", "L7"),
        ("receipt", "list", "--since", "soon"),
        ("receipt", "list", "--since", "1h", "--until", "2h"),
        ("receipt", "prompt", "--leg", "0"),
        ("level", "watch", "now"),
        ("level", "now"),
        ("governor", "config", "set"),
        ("governor", "config", "set", "weights"),
        ("governor", "config", "set", "a=1", "--from", "file"),
        ("governor", "config", "diff", "-1"),
        ("governor", "config", "restore"),
    ],
    ids=" ".join,
)
def test_wrong_words_are_wrong_use(words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, words)
    code = done.exception.code if isinstance(done.exception, CommandError) else done.exit_code
    assert code == Exit.WRONG_USE, (done.output, done.exception)


@pytest.mark.parametrize("words", [("receipt",), ("level",)], ids=" ".join)
def test_show_may_be_left_out_and_help_lists_the_verbs(words: tuple[str, ...]) -> None:
    helped = CliRunner().invoke(app, [*words, "--help"])
    assert helped.exit_code == 0
    assert "show" in helped.output
    wrong = CliRunner().invoke(app, [*words, "--nonsense"])
    assert (wrong.exit_code, "No such option" in wrong.output) == (Exit.WRONG_USE, True)
