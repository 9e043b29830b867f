"""The code of the README, run as it stands there but for the addresses of the mesh under test."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import ScriptedUpstream

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
PYTHON = [text for language, text in BLOCKS if language == "python"]
CURL = [text for language, text in BLOCKS if language == "sh" and "buf curl" in text]


def at(mesh: Mesh, text: str) -> str:
    """The block with the addresses of this mesh."""
    edge = mesh.edge_url.removeprefix("http://").rstrip("/")
    return text.replace("127.0.0.1:20020", edge).replace("127.0.0.1:20021", mesh.target("chat"))


def test_the_readme_has_the_blocks_that_are_run_here() -> None:
    assert (len(PYTHON), len(CURL)) == (2, 1)
    assert [text for language, text in BLOCKS if language == "sh"][:2] == ["make up\n", "make test\n"]


@pytest.mark.parametrize("block", PYTHON, ids=["openai", "websocket"])
def test_a_client_of_the_readme_prints_the_answer(mesh: Mesh, model: ScriptedUpstream, block: str) -> None:
    program = f"TOKEN = {mesh.token()!r}\n{at(mesh, block)}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == model.requests()[-1].text_sent.strip()


def test_the_command_of_the_readme_prints_the_events(mesh: Mesh, model: ScriptedUpstream) -> None:
    command = at(mesh, CURL[0]).replace("$(.venv/bin/somastack token)", mesh.token())
    command = command.replace(".venv/bin/", f"{Path(sys.executable).parent}/")
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert '"completed"' in done.stdout
    assert model.requests()[-1].text_sent
