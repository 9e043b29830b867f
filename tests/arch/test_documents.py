"""What the documents name is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.arch.source import ROOT, need

PLACE = re.compile(r"`((?:[\w.<>*-]+/)+(?:[\w.*-]+\.(?:py|sql|toml|sh|proto|binpb|html|lock|md))?)`")
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


def test_every_decision_is_in_the_list() -> None:
    listed = (ROOT / "docs/decisions/README.md").read_text()
    decisions = [path.name for path in (ROOT / "docs/decisions").glob("[0-9]*.md")]
    need([name for name in decisions if f"({name})" not in listed], "decisions that are not listed")


def test_the_picture_of_the_readme_is_as_wide_as_the_page() -> None:
    picture = (ROOT / "docs/images/page.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert int.from_bytes(picture[16:20], "big") == 1280
