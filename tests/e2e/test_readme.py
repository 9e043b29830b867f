"""The code of the README, run as it stands there but for the addresses of the mesh under test."""

import subprocess
import sys
from pathlib import Path

import pytest

from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import ScriptedUpstream
from tests.e2e.support.documents import ROOT, at, blocks_of

BLOCKS = blocks_of(ROOT / "README.md")
PYTHON = [block.text for block in BLOCKS if block.language == "python"]
SHELL = [block.text for block in BLOCKS if block.language == "sh"]
CURL = [text for text in SHELL if "buf curl" in text]
CHAT = [text for text in SHELL if "somastack chat" in text]


def here(mesh: Mesh, text: str) -> str:
    """The command with this environment's programs and a token of this mesh."""
    command = at(mesh, text).replace("$(.venv/bin/somastack token)", mesh.token())
    return command.replace(".venv/bin/", f"{Path(sys.executable).parent}/")


def test_the_readme_has_the_blocks_that_are_run_here() -> None:
    assert (len(PYTHON), len(CURL), len(CHAT)) == (2, 1, 1)
    assert SHELL[:2] == ["make up\n", "make test\n"]


def test_the_first_chat_of_the_readme_prints_the_answer(mesh: Mesh, model: ScriptedUpstream) -> None:
    done = subprocess.run(
        ["bash", "-c", here(mesh, CHAT[0])],
        env=mesh.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == model.requests()[-1].text_sent.strip()


@pytest.mark.parametrize("block", PYTHON, ids=["openai", "websocket"])
def test_a_client_of_the_readme_prints_the_answer(mesh: Mesh, model: ScriptedUpstream, block: str) -> None:
    program = f"TOKEN = {mesh.token()!r}\n{at(mesh, block)}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == model.requests()[-1].text_sent.strip()


def test_the_command_of_the_readme_prints_the_events(mesh: Mesh, model: ScriptedUpstream) -> None:
    done = subprocess.run(["bash", "-c", here(mesh, CURL[0])], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert '"completed"' in done.stdout
    assert model.requests()[-1].text_sent
