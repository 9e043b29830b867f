"""The labelled set of tools is what it says, and the governor ranks it as well as it must."""

from collections.abc import Sequence

import pytest

from bench.ranking.labels import labelled_queries, labelled_tools, plain_sayings, recall_at, strange_tools
from servers.governor.domain.plan import plan_turn
from servers.governor.domain.relevance import relevances
from servers.governor.domain.request import Snapshot, ToolCandidate
from servers.governor.domain.rules import DEFAULT_RULES, Level
from servers.governor.planning.similarity import ToolSimilarity
from tests.unit.governor.samples import hello

SIMILARITY = ToolSimilarity()
FLOOR = DEFAULT_RULES.tool_relevance_floor


def score(tools: Sequence[ToolCandidate], said: str) -> list[float]:
    return relevances(tools, said, SIMILARITY.similarities(tools, said))


def test_there_are_a_hundred_tools_and_two_hundred_queries_in_two_halves() -> None:
    names = {tool.name for tool in labelled_tools()}
    chosen, held = labelled_queries()
    assert len(names) == 100
    assert (len(chosen), len(held)) == (100, 100)
    assert len({asked.said for asked in (*chosen, *held)}) == 200
    assert set().union(*(asked.tools for asked in (*chosen, *held))) == names


@pytest.mark.parametrize("half", [0, 1], ids=["chosen by", "held out"])
def test_nearly_every_right_tool_is_among_the_first_five(half: int) -> None:
    assert recall_at(5, labelled_tools(), labelled_queries()[half], score) >= 0.95


def test_tools_of_fields_nobody_thought_of_are_found_by_likeness() -> None:
    tools, queries = strange_tools()
    by_words = recall_at(5, tools, queries, lambda given, said: relevances(given, said))
    assert recall_at(5, tools, queries, score) >= 0.95 > by_words + 0.1


def test_the_right_tool_is_relevant_enough_to_count() -> None:
    tools = labelled_tools()
    queries = [asked for half in labelled_queries() for asked in half if asked.tools]
    best = [
        max(value for value, tool in zip(score(tools, asked.said), tools, strict=True) if tool.name in asked.tools)
        for asked in queries
    ]
    assert sum(value >= FLOOR for value in best) / len(best) >= 0.95


def test_what_needs_no_tool_keeps_its_level_with_a_hundred_tools_around() -> None:
    tools = labelled_tools()
    for said in (*plain_sayings(), *(asked.said for half in labelled_queries() for asked in half if not asked.tools)):
        request = hello(window_tokens=128_000, query=said, tools=tools)
        assert plan_turn(SIMILARITY.added_to(request), Snapshot()).level is Level.L0, said


@pytest.mark.parametrize("said", ["hello", "hi there", "thanks", "ok", "yes please", "你好", "merci beaucoup"])
def test_a_greeting_fits_none_of_a_hundred_tools(said: str) -> None:
    tools = labelled_tools()
    plan = plan_turn(SIMILARITY.added_to(hello(window_tokens=128_000, query=said, tools=tools)), Snapshot())
    assert plan.aiq.tool_relevance is None
