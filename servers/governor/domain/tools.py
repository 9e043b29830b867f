"""Which tools a turn may offer: relevance to the query, times success, the best K that fit the lane.

Nothing here knows the lanes' arithmetic; what relevance is stands in `relevance.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from servers.governor.domain.aiq import ToolFit, success_rate
from servers.governor.domain.relevance import relevances
from servers.governor.domain.request import CallCounts, Candidates, ToolCandidate
from servers.governor.domain.rules import PlannerRules


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


def rank(
    candidates: Candidates, query: str, calls: Mapping[str, CallCounts], rules: PlannerRules
) -> tuple[RankedTool, ...]:
    """All tools by relevance times success rate, best first; those that ask to fit give way to those that were brought.

    A tool below the relevance floor is not barred, for nobody knows all that may be meant; but one that asks for it is.
    """
    ranked = [
        RankedTool(tool, value, success_rate(calls.get(tool.name), rules), _unfit(tool, value, rules))
        for tool, value in zip(
            candidates.tools, relevances(candidates.tools, query, candidates.tool_similarities), strict=True
        )
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
