"""Every mistake that a configuration can have, each with its sentence; and what differs between two."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from servers.governor.domain.configuration import BUILT_IN, Configuration, changed_fields, mistakes
from servers.governor.domain.rates import RateRules
from servers.governor.domain.rules import (
    BOUNDS,
    DEFAULT_RULES,
    LEVELS,
    AiqWeights,
    Lane,
    LaneBound,
    LaneProfile,
    Level,
    LevelRow,
    Threshold,
)

NAN = float("nan")


def found(**rules: object) -> dict[str, str]:
    wrong = Configuration(replace(DEFAULT_RULES, **rules))  # type: ignore[arg-type]
    return {each.field.removeprefix("config."): each.description for each in mistakes(wrong)}


def levels(level: Level, **row: object) -> Mapping[Level, LevelRow]:
    return {**LEVELS, level: replace(LEVELS[level], **row)}  # type: ignore[arg-type]


def shares(level: Level, **changed: float) -> Mapping[Lane, float]:
    return {**LEVELS[level].shares, **{Lane(name): share for name, share in changed.items()}}


def test_what_comes_with_the_system_is_valid() -> None:
    assert mistakes(BUILT_IN) == []


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        (AiqWeights(0.5, 0.3, 0.3), "the weights sum to 1.1; they must sum to 1"),
        (AiqWeights(NAN, 0.3, 0.3), "the weights sum to nan; they must sum to 1"),
        (
            AiqWeights(0, 1, 0),
            "context_quality or budget_efficiency must be more than 0; a turn without tools has no other",
        ),
    ],
)
def test_weights_sum_to_one_and_serve_turns_without_tools(weights: AiqWeights, sentence: str) -> None:
    assert found(weights=weights) == {"weights": sentence}
    assert found(weights=AiqWeights(0.5, 0.2, 0.3005)) == {}


def test_levels_are_not_better_as_they_get_worse() -> None:
    worse = "which is the better level"
    assert found(levels=levels(Level.L1, tool_k=6)) == {"levels.L1.tool_k": f"it is 6, more than the 5 of L0, {worse}"}
    assert found(levels=levels(Level.L2, budget_efficiency=90)) == {
        "levels.L2.budget_efficiency": f"it is 90, more than the 80 of L1, {worse}"
    }
    assert found(levels=levels(Level.L3, shares=shares(Level.L3, history=0.2))) == {
        "levels.L3.shares.history": f"it is 0.2, more than the 0.1 of L2, {worse}"
    }


def test_each_level_sends_the_system_prompt_and_l4_offers_no_tool() -> None:
    assert list(found(levels=levels(Level.L1, shares=shares(Level.L1, system_policy=0)))) == [
        "levels.L1.shares.system_policy"
    ]
    nothing = dict.fromkeys(Lane, 0.0)
    assert found(levels=levels(Level.L4, shares=nothing)) == {
        "levels.L4.shares": "every share is 0; at least one must be more"
    }
    rows = {level: replace(row, tool_k=1) for level, row in LEVELS.items()}
    assert found(levels=rows) == {
        "levels.L4.tool_k": "at L4 no model is called, so no tool can be offered; it must be 0"
    }
    assert found(levels=levels(Level.L2, shares=shares(Level.L2, buffer=NAN)))["levels.L2"] == "it must be a number"


def test_bounds_lie_in_order_and_leave_room_for_an_answer() -> None:
    assert found(bounds={**BOUNDS, Lane.TOOLS: LaneBound(9, 8)}) == {
        "bounds.tools": "the floor of 9 is above the ceiling of 8"
    }
    assert "sum to 1300 tokens" in found(bounds={**BOUNDS, Lane.MEMORY: LaneBound(1000, 2000)})["bounds"]


def test_thresholds_come_worst_first_in_order() -> None:
    low, high = Threshold(30, Level.L1), Threshold(50, Level.L3)
    assert found(aiq_thresholds=(low, high)) == {
        "aiq_thresholds[1].level": "L3 stands behind L1; the worst level comes first, each once"
    }
    assert found(aiq_thresholds=(Threshold(50, Level.L3), Threshold(30, Level.L1))) == {
        "aiq_thresholds[1].at": "30 for L1 must be above the 50 of L3"
    }
    assert found(budget_thresholds=(Threshold(0.5, Level.L2), Threshold(0.8, Level.L1))) == {
        "budget_thresholds[1].at": "0.8 for L1 must be below the 0.5 of L2"
    }
    assert list(found(budget_thresholds=(Threshold(0, Level.L1),))) == ["budget_thresholds[0].at"]
    assert found(aiq_thresholds=(Threshold(NAN, Level.L1),)) == {"aiq_thresholds": "it must be a number"}


def test_health_rows_name_dependencies_and_are_in_order() -> None:
    assert found(degraded={**DEFAULT_RULES.degraded, "memory": Level.L2}) == {
        "health": "memory demands L2 with restrictions, but only L1 when it does not answer at all"
    }
    assert found(down={**DEFAULT_RULES.down, "The Memory": Level.L2}) == {
        "health": "'The Memory' is no name of a dependency; they look like memory_index"
    }
    many = {f"thing_{number}": Level.L0 for number in range(65)}
    assert "more than 64 rows" in found(down=many)["health"]


@pytest.mark.parametrize("name", ["tool_relevance_floor", "tool_success_prior"])
def test_numbers_are_numbers(name: str) -> None:
    assert found(**{name: NAN}) == {name: "it must be a number"}


def test_what_differs_is_named_by_its_field() -> None:
    rules = replace(DEFAULT_RULES, lane_profile=LaneProfile.WIDE, degraded={}, version=7)
    assert changed_fields(BUILT_IN, Configuration(rules, RateRules(1), 30)) == [
        "health",
        "lane_profile",
        "rates",
        "receipt_retention_days",
    ]
    assert changed_fields(BUILT_IN, Configuration(replace(DEFAULT_RULES, version=7))) == []
