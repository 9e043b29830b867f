"""The documents are true: every block of code that can run is run, and what it shows is shown."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import ScriptedUpstream
from tests.e2e.support.documents import MARKS, ROOT, RUN, SHOWN_ONLY, blocks_of, run_page

PAGES = [
    page
    for folder in ("tutorial", "how-to", "explanation")
    for page in sorted((ROOT / "docs" / folder).glob("*.md"))
    if page.name != "README.md"
]
RUNNING = [page for page in PAGES if any(block.runs for block in blocks_of(page))]


@pytest.fixture
def restored(mesh: Mesh, page: Path) -> Iterator[None]:
    """The budget as other tests expect it, where a page sets it."""
    yield
    if "budget set" in page.read_text():
        mesh.cli("budget", "set", "--tokens", "20000000")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_is_run_or_says_why_not(page: Path) -> None:
    for block in blocks_of(page):
        assert block.language in (*RUN, *SHOWN_ONLY), f"{page.name}: {block.text}"
        assert set(block.marks) <= set(MARKS), block.marks
        assert block.runs or block.language in SHOWN_ONLY or block.marks["not run"], block.text


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("page", RUNNING, ids=lambda page: page.stem)
def test_the_blocks_of_a_page_do_what_it_says(mesh: Mesh, model: ScriptedUpstream, tmp_path: Path, page: Path) -> None:
    for block, done in run_page(mesh, page, tmp_path):
        assert done.code == block.ends, f"{block.text}\nended with {done.code}:\n{done.output}"
        assert block.shows in done.output, f"{block.text}\nshowed:\n{done.output}"
