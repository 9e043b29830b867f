"""What the documents name is there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.arch.source import ROOT, Source, docstrings, need, sources

PLACE = re.compile(r"`((?:[\w.<>*-]+/)+(?:[\w.*-]+\.(?:py|sql|toml|sh|proto|binpb|html|lock|md))?)`")
FILE = re.compile(r"`((?:\w+/)*\w+\.(?:py|sql|toml))`")
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#]+)")
PAGES = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/**/*.md")


def pages() -> Iterator[Path]:
    for pattern in PAGES:
        yield from sorted(ROOT.glob(pattern))


def exists(place: str) -> bool:
    """Whether something is there; `<name>` stands for any one name."""
    return any(ROOT.glob(re.sub(r"<\w+>", "*", place.rstrip("/"))))


@pytest.mark.parametrize("page", [page.relative_to(ROOT).as_posix() for page in pages()])
def test_every_place_a_document_names_exists(page: str) -> None:
    text = (ROOT / page).read_text()
    need([place for place in PLACE.findall(text) if not exists(place)], f"places named in {page}")


@pytest.mark.parametrize("page", [page.relative_to(ROOT).as_posix() for page in pages()])
def test_every_link_inside_the_repository_leads_somewhere(page: str) -> None:
    text = (ROOT / page).read_text()
    folder = (ROOT / page).parent
    need([link for link in LINK.findall(text) if not (folder / link.strip()).exists()], f"links in {page}")


def named_files(source: Source) -> Iterator[str]:
    """The files that the docstrings of a file name."""
    described = docstrings(source)
    for node in source.nodes:
        if id(node) in described and isinstance(node, ast.Constant):
            yield from FILE.findall(str(node.value))


def is_near(name: str, path: str) -> bool:
    """Whether a file is there by its whole place, or seen from the folder or a folder above the one that names it."""
    return any((ROOT / folder / name).exists() for folder in Path(path).parents)


def test_every_file_that_a_docstring_names_exists() -> None:
    broken = [(source.path, name) for source in sources() for name in named_files(source)]
    need([f"{path} {name}" for path, name in broken if not is_near(name, path)], "files named in docstrings")


def test_every_decision_is_in_the_list() -> None:
    listed = (ROOT / "docs/decisions/README.md").read_text()
    decisions = [path.name for path in (ROOT / "docs/decisions").glob("[0-9]*.md")]
    need([name for name in decisions if f"({name})" not in listed], "decisions that are not listed")


def test_the_picture_of_the_readme_is_as_wide_as_the_page() -> None:
    picture = (ROOT / "docs/images/page.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert int.from_bytes(picture[16:20], "big") == 1280
