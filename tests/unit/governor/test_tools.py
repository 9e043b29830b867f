"""Which tools are offered: words that match, success, what fits."""

from dataclasses import replace

import pytest

from servers.governor.domain.relevance import relevances
from servers.governor.domain.request import CallCounts, Candidates
from servers.governor.domain.rules import DEFAULT_RULES
from servers.governor.domain.terms import terms
from servers.governor.domain.tools import choose, fit_of, rank
from servers.governor.domain.words import stem
from tests.unit.governor.samples import a_tool

TOOLS = (
    a_tool("get_weather", "Looks up the current weather of a city.", 80, "city", "unit"),
    a_tool("sendEmail", "Sends a message to a person.", 90, "recipient", "subject", "body"),
    a_tool("calendar.create_event", "Creates an appointment in the calendar.", 120, "title", "start_time"),
    a_tool("math_evaluate", "Evaluates an arithmetic expression.", 40, "expression"),
)


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("What's the weather like in Paris?", "get_weather"),
        ("please email Bob that I am late", "sendEmail"),
        ("Create an event for tomorrow at nine", "calendar.create_event"),
        ("add two appointments to my calendars", "calendar.create_event"),
        ("evaluate this expression: 2 * (3 + 4)", "math_evaluate"),
        ("in which city is it raining?", "get_weather"),
    ],
)
def test_the_tool_whose_words_the_query_uses_comes_first(query: str, best: str) -> None:
    ranked = rank(Candidates(tools=TOOLS), query, {}, DEFAULT_RULES)
    assert ranked[0].tool.name == best
    assert ranked[0].chosen


@pytest.mark.parametrize("query", ["hello", "", "thank you very much!", "?!", "你好"])
def test_small_talk_bars_no_tool_and_says_nothing_about_them(query: str) -> None:
    ranked = rank(Candidates(tools=TOOLS), query, {}, DEFAULT_RULES)
    assert all(row.chosen for row in ranked)
    assert fit_of(ranked, ranked, 5, DEFAULT_RULES.tool_relevance_floor) is None


def test_a_tool_that_asks_to_fit_is_left_out_or_comes_after_those_that_were_brought() -> None:
    ours = tuple(replace(tool, only_when_relevant=True) for tool in TOOLS)
    greeted = rank(Candidates(tools=ours), "hello", {}, DEFAULT_RULES)
    assert {row.reason for row in greeted} == {"it does not fit what was said"}
    brought = a_tool("ring_bell", "Rings a bell.")
    ranked = rank(Candidates(tools=(*ours, brought)), "evaluate this expression: 2 * (3 + 4)", {}, DEFAULT_RULES)
    assert [(row.tool.name, row.chosen) for row in ranked[:2]] == [("ring_bell", True), ("math_evaluate", True)]
    assert not any(row.chosen for row in ranked[2:])
    assert fit_of(ranked, ranked, 5, DEFAULT_RULES.tool_relevance_floor) is not None


def test_a_word_of_every_description_tells_little_and_one_of_every_name_still_something() -> None:
    tools = [a_tool(f"weather_{number}", "Calls the service.") for number in range(10)]
    assert max(relevances(tools, "the service")) < 0.2
    assert relevances(tools[:1], "the service")[0] == pytest.approx(0.3)
    assert 0.2 < min(relevances(tools, "weather")) < 0.6


def test_in_a_long_text_a_single_word_counts_less() -> None:
    filler = " ".join(f"word{number}" for number in range(200))
    short, long = relevances(TOOLS, "weather"), relevances(TOOLS, f"weather {filler}")
    assert short[0] == pytest.approx(0.6)
    assert 0 < long[0] < 0.2


def test_a_long_query_is_read_at_both_ends() -> None:
    filler = " x" * 50_000
    assert relevances(TOOLS, f"weather{filler}")[0] == pytest.approx(0.6)
    assert relevances(TOOLS, f"{filler} weather")[0] == pytest.approx(0.6)


def test_success_decides_between_equally_relevant_tools() -> None:
    tools = (a_tool("weather_a"), a_tool("weather_b"))
    ranked = rank(Candidates(tools=tools), "weather", {"weather_a": CallCounts(20, 2)}, DEFAULT_RULES)
    assert [row.tool.name for row in ranked] == ["weather_b", "weather_a"]
    assert ranked[1].success_rate == pytest.approx(10 / 30)


def test_k_that_fit_are_chosen_and_a_smaller_one_may_follow_a_larger_one() -> None:
    tools = (a_tool("weather_a", "", 100), a_tool("weather_b", "", 100), a_tool("weather_c", "", 20))
    rows = choose(rank(Candidates(tools=tools), "weather", {}, DEFAULT_RULES), 2, 130)
    assert [(row.tool.name, row.chosen) for row in rows] == [
        ("weather_a", True),
        ("weather_c", True),
        ("weather_b", False),
    ]
    assert rows[2].reason == "its 100 tokens do not fit the tools lane"


@pytest.mark.parametrize(
    "words",
    ["look looks looked looking", "city cities", "plan planned planning", "search searches", "note notes noted"],
)
def test_forms_of_a_word_have_one_stem(words: str) -> None:
    assert len({stem(word) for word in words.split()}) == 1


def test_names_are_split_into_words() -> None:
    assert terms("createCalendar_eventV2") == terms("create calendar event v2")
