"""Completion in the shells, and that neither it nor a short command loads what it has no use for."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = Path(sys.executable).parent
HEAVY = ("grpc", "structlog", "asyncpg", "rich.progress", "aiohttp", "numpy", "opentelemetry", "google.protobuf")
LOADED = "import sys; from cli.main import main\ntry: main()\nfinally: print(*sys.modules, sep='\\n', file=sys.stderr)"


def environment(home: Path, **more: str) -> dict[str, str]:
    path = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(home), "SOMA_HOME": str(home / "data"), "SOMA_INSTANCE": "x", **more}


def offered(home: Path, shell: str, *words: str) -> list[str]:
    """What the command answers to a shell that asks how the last word may go on."""
    asked = {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1), "_TYPER_COMPLETE_ARGS": " ".join(words)}
    if shell == "fish":
        asked["_TYPER_COMPLETE_FISH_ACTION"] = "get-args"
    done = subprocess.run(
        ["somastack"],
        env=environment(home, _SOMASTACK_COMPLETE=f"complete_{shell}", **asked),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert not done.stderr
    return [line for line in done.stdout.splitlines() if line]


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A home with the logs of some processes."""
    folder = tmp_path / "data" / "logs"
    folder.mkdir(parents=True)
    for name in ("chat", "chat-2", "cognitive", "edge"):
        (folder / f"{name}.log").touch()
    return tmp_path


def test_the_names_of_processes_are_offered_where_logs_wants_one(logs: Path) -> None:
    assert offered(logs, "bash", "somastack", "logs", "ch") == ["chat", "chat-2"]
    assert offered(logs, "bash", "somastack", "logs", "x") == []


def test_roles_are_offered_and_without_a_stack_no_tenants_and_keys(tmp_path: Path) -> None:
    assert offered(tmp_path, "bash", "somastack", "key", "create", "ci", "--role", "o") == ["operator"]
    for words in (("tenant", "show", "w"), ("key", "list", "--tenant", "w"), ("key", "rotate", "k")):
        assert offered(tmp_path, "bash", "somastack", *words) == []


def test_words_of_the_governor_are_offered_and_what_it_alone_knows_is_not_asked_for_in_vain(tmp_path: Path) -> None:
    assert offered(tmp_path, "bash", "somastack", "receipt", "list", "--level", "") == ["L0", "L1", "L2", "L3", "L4"]
    assert offered(tmp_path, "bash", "somastack", "receipt", "list", "--level", "l3") == ["l3"]
    assert offered(tmp_path, "bash", "somastack", "budget", "set", "--scope", "user", "--of", "e") == ["each"]
    assert offered(tmp_path, "bash", "somastack", "budget", "set", "--scope", "tenant", "--of", "e") == []
    assert offered(tmp_path, "bash", "somastack", "level", "w") == ["watch"]
    assert offered(tmp_path, "bash", "somastack", "governor", "config", "re") == ["restore"]
    for words in (("receipt", "diff", "l"), ("receipt", "0"), ("governor", "config", "set", "lev")):
        assert offered(tmp_path, "bash", "somastack", *words) == [], "nothing runs here"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_gets_a_script_and_answers(tmp_path: Path, shell: str) -> None:
    # The shell is detected by the process that asks; here it is named instead.
    named = environment(tmp_path, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    command = ["somastack", "--show-completion", shell]
    done = subprocess.run(command, env=named, capture_output=True, text=True, timeout=60, check=True)
    assert f"complete_{shell}" in done.stdout
    assert any("backup" in line for line in offered(tmp_path, shell, "somastack", "back"))


def test_what_only_a_running_stack_knows_is_left_out_without_a_word(tmp_path: Path) -> None:
    assert offered(tmp_path, "bash", "somastack", "chat", "--conversation", "") == []


def test_an_installed_completion_works_in_a_new_bash(logs: Path) -> None:
    named = environment(logs, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    install = ["somastack", "--install-completion", "bash"]
    subprocess.run(install, env=named, capture_output=True, timeout=60, check=True)
    asked = 'COMP_WORDS=(somastack logs co); COMP_CWORD=2; _somastack_completion somastack; echo "got ${COMPREPLY[*]}"'
    done = subprocess.run(
        ["bash", "--rcfile", str(logs / ".bashrc"), "-i", "-c", asked],
        env=environment(logs),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "got cognitive" in done.stdout


@pytest.mark.parametrize("words", [("--help",), ("token",), ("status", "--help"), ("backup", "--help")], ids=" ".join)
def test_a_short_command_loads_little(tmp_path: Path, words: tuple[str, ...]) -> None:
    command = [sys.executable, "-c", LOADED, *words]
    done = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, timeout=60, check=False)
    loaded = set(done.stderr.split())
    assert "cli.main" in loaded
    assert not loaded & set(HEAVY)


def test_houses_are_offered_and_letters_and_sagas_are_not_asked_for_in_vain(tmp_path: Path) -> None:
    assert offered(tmp_path, "bash", "somastack", "dlq", "list", "--house", "c") == ["chat", "cognitive", "control"]
    assert offered(tmp_path, "bash", "somastack", "saga", "list", "--house", "m") == ["memory"]
    for words in (("dlq", "show"), ("dlq", "retry"), ("saga", "inspect")):
        assert offered(tmp_path, "bash", "somastack", *words, "0198") == [], "nothing runs here"
