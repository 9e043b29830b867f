"""All pages of the reference and their index.

Nothing here writes a file.
"""

from pathlib import Path
from typing import Final

from tools.reference.cli import cli_page
from tools.reference.contracts import ContractPages
from tools.reference.errors import errors_page
from tools.reference.markdown import page, table
from tools.reference.settings import settings_page

FOLDER: Final = Path(__file__).resolve().parents[2] / "docs/reference"
# What others make into the same folder; it is listed once it is there.
_MADE_ELSEWHERE: Final = {
    "performance.md": "Performance: what the benchmarks measured, as ratios to their peers",
    "outages.md": "Outages: what a person sees of a turn while something below it is away",
}


def pages() -> dict[str, str]:
    """Path below the folder of the reference to its text."""
    contracts = ContractPages()
    made = {
        "cli.md": cli_page(),
        "errors.md": errors_page(),
        "settings.md": settings_page(),
        **{f"proto/{area}.md": text for area, text in contracts.pages().items()},
    }
    return made | {"README.md": _index(contracts)}


def _index(contracts: ContractPages) -> str:
    lines = [
        "- [The command line](cli.md): every command, its options, examples and exit codes",
        "- [Settings](settings.md): every setting, its default, its older names",
        "- [Errors](errors.md): every reason, its sentence, and what it is at each door",
    ]
    lines += [f"- [{words.partition(':')[0]}]({name}):{words.partition(':')[2]}" for name, words in _there().items()]
    rows = [(f"[{name}](proto/{area}.md#{name.lower()})", words) for area, name, words in contracts.services()]
    others = [f"[{area}](proto/{area}.md)" for area in contracts.pages()]
    return page(
        "Reference",
        "\n".join(lines),
        "## Contracts",
        "gRPC and REST speak the same methods; `/openapi.json` at the edge describes the REST form for programs.",
        table(("Service", "What it does"), rows),
        f"By package: {', '.join(others)}.",
    )


def _there() -> dict[str, str]:
    return {name: words for name, words in _MADE_ELSEWHERE.items() if (FOLDER / name).exists()}


def stale() -> list[str]:
    """The paths that are missing, differ, or are made by nobody any more."""
    new = pages()
    old = {path.relative_to(FOLDER).as_posix(): path.read_text("utf-8") for path in FOLDER.rglob("*.md")}
    kept = old.keys() - _MADE_ELSEWHERE.keys()
    return sorted(path for path in new.keys() | kept if new.get(path) != old.get(path))
