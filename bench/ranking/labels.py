"""The labelled set, and recall of a ranking over it.

Nothing here ranks: how tools are scored is handed in.
"""

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from servers.governor.domain.request import ToolCandidate

_HERE: Final = Path(__file__).parent
SCHEMA_TOKENS: Final = 60

# The scores of all tools for what somebody said.
Score = Callable[[Sequence[ToolCandidate], str], Sequence[float]]


@dataclass(frozen=True, slots=True)
class Asked:
    """Something said, and the tools that serve it; none where no tool is needed."""

    said: str
    tools: frozenset[str]


def labelled_tools() -> tuple[ToolCandidate, ...]:
    """The hundred tools."""
    return _tools(_read("tools.toml"))


def labelled_queries() -> tuple[list[Asked], list[Asked]]:
    """The half by which the ranking was chosen, and the half that was held out."""
    halves: tuple[list[Asked], list[Asked]] = ([], [])
    for number, (said, *tools) in enumerate(_read("queries.toml")["queries"]):
        halves[number % 4 in (1, 2)].append(Asked(said, frozenset(tools)))
    return halves


def plain_sayings() -> list[str]:
    """What needs no tool."""
    sayings: list[str] = _read("queries.toml")["plain"]
    return sayings


def fresh_queries() -> list[Asked]:
    """One saying for each tool, by another hand and after everything was chosen."""
    return [Asked(said, frozenset(tools)) for said, *tools in _read("fresh.toml")["queries"]]


def strange_tools() -> tuple[tuple[ToolCandidate, ...], list[Asked]]:
    """The hundred tools with thirty of fields that the thesaurus does not know, and what is said for those thirty."""
    read = _read("strange.toml")
    return (*labelled_tools(), *_tools(read)), [Asked(said, frozenset(tools)) for said, *tools in read["queries"]]


def recall_at(k: int, tools: Sequence[ToolCandidate], queries: Sequence[Asked], score: Score) -> float:
    """The mean share of the right tools among the first K, over the queries that need one."""
    shares: list[float] = []
    for asked in queries:
        if asked.tools:
            scores = score(tools, asked.said)
            ranked = sorted(zip(scores, tools, strict=True), key=lambda row: (-row[0], row[1].name))
            first = {tool.name for _, tool in ranked[:k]}
            shares.append(len(asked.tools & first) / len(asked.tools))
    return sum(shares) / len(shares)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_HERE / name).read_text())


def _tools(read: dict[str, Any]) -> tuple[ToolCandidate, ...]:
    return tuple(
        ToolCandidate(name, description, tuple(parameters), SCHEMA_TOKENS)
        for name, description, parameters in read["tools"]
    )
