"""Which tools a turn may offer: relevance to the query, times success, the best K that fit the lane.

Nothing here knows the lanes' arithmetic. Relevance is lexical, 0-1, and absolute, because AIQ counts
only tools above a floor:

    relevance(tool) = 1 − Π over shared stems t of (1 − strength(field of t) · specificity(t) · focus)
      strength      0.60 in the name, 0.35 in a parameter's name, 0.30 in the description (the strongest field counts)
      specificity   1 − ½ · (tools that share t − 1) / (tools): a word of every tool does not tell which one is meant
      focus         min(1, √(12 / stems in the query)): in a long text any tool finds a word by chance
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from typing import Final

from servers.governor.domain.aiq import ToolFit, success_rate
from servers.governor.domain.request import CallCounts, ToolCandidate
from servers.governor.domain.rules import PlannerRules
from servers.governor.domain.words import stems

NAME: Final = 0.60
PARAMETER: Final = 0.35
DESCRIPTION: Final = 0.30
FOCUSED_QUERY_STEMS: Final = 12
# A long query is read at both its ends: the question stands at one of them.
QUERY_END_CHARACTERS: Final = 2048


@dataclass(frozen=True, slots=True)
class RankedTool:
    """A tool and its rank; `reason` says why it is not offered and is empty when it is."""

    tool: ToolCandidate
    relevance: float
    success_rate: float
    reason: str = ""

    @property
    def chosen(self) -> bool:
        """Whether it is on offer."""
        return not self.reason


@lru_cache(maxsize=4096)
def _strengths(name: str, description: str, parameter_names: tuple[str, ...]) -> Mapping[str, float]:
    """Each stem of a tool with the strength of its strongest field; tools repeat from turn to turn."""
    found = dict.fromkeys(stems(description), DESCRIPTION)
    found.update(dict.fromkeys(stems(" ".join(parameter_names)), PARAMETER))
    found.update(dict.fromkeys(stems(name), NAME))
    return found


def query_stems(query: str) -> frozenset[str]:
    """The stems of the query, of its beginning and its end when it is long."""
    if len(query) > 2 * QUERY_END_CHARACTERS:
        query = f"{query[:QUERY_END_CHARACTERS]} {query[-QUERY_END_CHARACTERS:]}"
    return stems(query)


def relevances(tools: Sequence[ToolCandidate], query: str) -> list[float]:
    """The relevance of each tool to the query, 0-1."""
    asked = query_stems(query)
    strengths = [_strengths(tool.name, tool.description, tool.parameter_names) for tool in tools]
    shared = [asked & found.keys() for found in strengths]
    users = Counter(stem for words in shared for stem in words)
    focus = min(1.0, sqrt(FOCUSED_QUERY_STEMS / len(asked))) if asked else 0.0
    count = len(tools)
    values: list[float] = []
    for found, words in zip(strengths, shared, strict=True):
        missed = 1.0
        for stem in sorted(words):  # a set has no order, and the last bit of a product depends on it
            missed *= 1.0 - found[stem] * (1.0 - (users[stem] - 1) / (2 * count)) * focus
        values.append(1.0 - missed)
    return values


def rank(
    tools: Sequence[ToolCandidate], query: str, calls: Mapping[str, CallCounts], rules: PlannerRules
) -> tuple[RankedTool, ...]:
    """All tools by relevance times success rate, best first; those that ask to fit give way to those that were brought.

    A tool below the relevance floor is not barred, for words alone do not tell that an umbrella asks for the weather;
    but one that asks for it is.
    """
    ranked = [
        RankedTool(tool, value, success_rate(calls.get(tool.name), rules), _unfit(tool, value, rules))
        for tool, value in zip(tools, relevances(tools, query), strict=True)
    ]
    return tuple(
        sorted(ranked, key=lambda row: (row.tool.only_when_relevant, -row.relevance * row.success_rate, row.tool.name))
    )


def _unfit(tool: ToolCandidate, relevance: float, rules: PlannerRules) -> str:
    unfit = tool.only_when_relevant and relevance < rules.tool_relevance_floor
    return "it does not fit what was said" if unfit else ""


def bar(tools: Iterable[ToolCandidate], reason: str) -> tuple[RankedTool, ...]:
    """All tools left out for one reason, by name."""
    rows = (RankedTool(tool, 0.0, 0.0, reason) for tool in tools)
    return tuple(sorted(rows, key=lambda row: row.tool.name))


def wanted_tokens(ranked: Iterable[RankedTool], tool_k: int) -> int:
    """What the best K would need in the lane."""
    return sum(row.tool.schema_tokens for row in _best(ranked, tool_k))


def choose(ranked: Sequence[RankedTool], tool_k: int, lane_tokens: int) -> tuple[RankedTool, ...]:
    """The tools again, the K best that fit the lane first; a smaller one may come after one that does not fit."""
    left, count = lane_tokens, 0
    chosen: list[RankedTool] = []
    others: list[RankedTool] = []
    for row in ranked:
        if not row.chosen:
            others.append(row)
        elif count >= tool_k:
            others.append(_left_out(row, f"beyond the {tool_k} tools that are offered at this level"))
        elif row.tool.schema_tokens > left:
            others.append(_left_out(row, f"its {row.tool.schema_tokens} tokens do not fit the tools lane"))
        else:
            left, count = left - row.tool.schema_tokens, count + 1
            chosen.append(row)
    return (*chosen, *others)


def fit_of(
    ranked: Sequence[RankedTool], chosen: Sequence[RankedTool], tool_k: int, relevance_floor: float
) -> ToolFit | None:
    """How well the choice serves the query; None where no tool can apply: none on offer or none passes the floor.

    Tools below the floor that are offered all the same say nothing about the choice and do not count.
    """
    relevant = [row for row in ranked if row.chosen and row.relevance >= relevance_floor]
    if not relevant or not tool_k:
        return None
    wanted = wanted_tokens(relevant, tool_k)
    offered = [row for row in chosen if row.chosen and row.relevance >= relevance_floor]
    fitting = min(1.0, sum(row.tool.schema_tokens for row in offered) / wanted) if wanted else 1.0
    return ToolFit([row.relevance for row in offered], [row.success_rate for row in offered], fitting)


def _best(ranked: Iterable[RankedTool], tool_k: int) -> list[RankedTool]:
    return [row for row in ranked if row.chosen][:tool_k]


def _left_out(row: RankedTool, reason: str) -> RankedTool:
    return RankedTool(row.tool, row.relevance, row.success_rate, reason)
