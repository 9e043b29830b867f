"""Documents that are run: the code blocks of a page, in order, in one shell, with the addresses of the mesh under test.

A comment above a block says what is special about it: `<!-- not run: why -->`, `<!-- ends: 1 -->` for another exit code
than 0, `<!-- shows: words -->` for what its output must contain, `<!-- becomes: words -->` for what it contains after a
moment, when it is run again; several are separated by `;`.
"""

import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from soma_common.testing.mesh import Mesh

ROOT = Path(__file__).parents[3]
RUN = ("sh", "python")
SHOWN_ONLY = ("text", "json", "toml", "nginx", "caddy", "yaml")
# A page is a dozen commands, each a process of its own, on whatever machine the tests run.
LONGEST_SECONDS = 280
MARKS = ("not run", "ends", "shows", "becomes")
_BLOCK = re.compile(
    r"(?:^<!-- (?P<marks>[^\n]*) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_ADDRESS = re.compile(r"\b(127\.0\.0\.1):(\d{4,5})\b")


@dataclass(frozen=True, slots=True)
class Block:
    """One code block and what is said above it."""

    language: str
    text: str
    marks: Mapping[str, str] = field(default_factory=dict)

    @property
    def runs(self) -> bool:
        """Whether it is executed."""
        return self.language in RUN and "not run" not in self.marks

    @property
    def shows(self) -> str:
        """What its output must contain."""
        return self.marks.get("shows", "") or self.marks.get("becomes", "")

    @property
    def ends(self) -> int:
        """The exit code it must have."""
        return int(self.marks.get("ends", "0"))


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a block."""

    code: int
    output: str


def blocks_of(page: Path) -> list[Block]:
    """The code blocks of a page."""
    found = _BLOCK.finditer(page.read_text("utf-8"))
    return [Block(it["language"], it["text"], _marks(it["marks"] or "")) for it in found]


def _marks(text: str) -> dict[str, str]:
    parts = (part.partition(":") for part in text.split(";") if part.strip())
    return {name.strip(): value.strip() for name, _, value in parts}


def at(mesh: Mesh, text: str) -> str:
    """The text with the ports of this mesh."""
    return _ADDRESS.sub(lambda found: f"{found[1]}:{int(found[2]) + mesh.shift}", text)


def run_page(mesh: Mesh, page: Path, folder: Path) -> list[tuple[Block, Done]]:
    """Run the blocks of a page one after another in one shell, in an empty folder that looks like a checkout."""
    (folder / ".venv").symlink_to(Path(sys.executable).parent.parent)
    (folder / "proto").symlink_to(ROOT / "proto")
    (folder / "third_party").symlink_to(ROOT / "third_party")
    blocks = [block for block in blocks_of(page) if block.runs]
    for number, block in enumerate(blocks):
        (folder / f"block{number}").write_text(at(mesh, block.text), "utf-8")
    script = "\n".join(_step(number, block) for number, block in enumerate(blocks))
    subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=mesh.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    return [(block, _done(folder, number)) for number, block in enumerate(blocks)]


def _step(number: int, block: Block) -> str:
    """A block in this shell, so that what it exports stays; its first failure is kept, not only its last command's."""
    act = f". ./block{number}" if block.language == "sh" else f".venv/bin/python ./block{number}"
    act = f"{{ {act}; }} >output{number} 2>&1"
    if "becomes" in block.marks:
        seen = f"grep -qF {shlex.quote(block.shows)} output{number}"
        act = f"for _ in $(seq 30); do {act}; if {seen}; then break; fi; sleep 0.5; done"
    return f"set -E -o pipefail; trap 'echo $? >>code{number}' ERR\n{act}\ntrap - ERR; echo 0 >>code{number}"


def _done(folder: Path, number: int) -> Done:
    output, code = folder / f"output{number}", folder / f"code{number}"
    if not code.exists():
        return Done(-1, "it was not reached")
    return Done(int(code.read_text().split()[0]), output.read_text("utf-8"))
