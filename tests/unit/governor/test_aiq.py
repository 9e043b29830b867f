"""AIQ by its formulas, with numbers worked out by hand."""

from math import sqrt

import pytest

from servers.governor.domain.aiq import (
    Outcome,
    ToolFit,
    budget_efficiency,
    context_quality,
    observe,
    predict,
    predicted_output,
    response_quality,
    success_rate,
    token_efficiency,
    tool_relevance,
)
from servers.governor.domain.request import CallCounts, OutputCounts
from servers.governor.domain.rules import DEFAULT_RULES, Level
from tests.unit.governor.samples import hello


def test_context_quality_adds_snippets_history_and_system_prompt() -> None:
    assert context_quality(hello(system_prompt_tokens=0)) == 50
    assert context_quality(hello()) == 55
    assert context_quality(hello(memory_scores=(1.0, None))) == 55 + 30 * 0.75
    assert context_quality(hello(history_tokens=(1,) * 3)) == 55 + 10
    assert context_quality(hello(history_tokens=(1,) * 200)) == 55 + 15
    assert context_quality(hello(history_tokens=(1,) * 7, memory_scores=(1.0,))) == 100


def test_tool_relevance_weighs_relevance_fit_and_success() -> None:
    assert tool_relevance(ToolFit([0.5, 1.0], [0.8, 0.6], 0.5)) == pytest.approx(40 * 0.75 + 15 + 30 * 0.7)
    assert tool_relevance(ToolFit([], [], 0.0)) == 0


@pytest.mark.parametrize(
    ("level", "buffer", "expected"),
    [
        (Level.L0, 500, 100),
        (Level.L1, 300, 90),
        (Level.L1, 299, 85),
        (Level.L1, 249, 80),
        (Level.L2, 250, 65),
        (Level.L3, 200, 30),
        (Level.L4, 300, 20),
    ],
)
def test_budget_efficiency_is_by_level_with_a_bonus_for_the_buffer(level: Level, buffer: int, expected: float) -> None:
    assert budget_efficiency(level, buffer, DEFAULT_RULES) == expected


def test_a_term_that_cannot_apply_is_left_out_and_the_others_renormalised() -> None:
    assert predict(60, 50, 100, DEFAULT_RULES).value == pytest.approx(0.4 * 60 + 0.3 * 50 + 0.3 * 100)
    assert predict(55, None, 100, DEFAULT_RULES).value == pytest.approx((0.4 * 55 + 0.3 * 100) / 0.7)


def test_success_starts_at_the_prior_and_follows_the_calls() -> None:
    assert success_rate(None, DEFAULT_RULES) == 0.8
    assert success_rate(CallCounts(1, 0), DEFAULT_RULES) == pytest.approx(8 / 11)
    assert success_rate(CallCounts(90, 90), DEFAULT_RULES) == pytest.approx(0.98)


def test_the_expected_answer_follows_the_tenant_s_answers_within_the_limit() -> None:
    assert predicted_output(OutputCounts(), 1000, DEFAULT_RULES) == 256
    assert predicted_output(OutputCounts(), 100, DEFAULT_RULES) == 100
    assert predicted_output(OutputCounts(36, 36 * 500), 1000, DEFAULT_RULES) == round((36 * 500 + 1024) / 40)


@pytest.mark.parametrize(
    ("finish_reason", "quality"),
    [("stop", 100), ("tool_calls", 100), ("length", 50), ("cancelled", 50), ("content_filter", 20), ("error", 0)],
)
def test_response_quality_starts_from_the_finish_reason(finish_reason: str, quality: float) -> None:
    assert response_quality(Outcome(finish_reason)) == quality


def test_feedback_and_confidence_move_the_quality_within_its_bounds() -> None:
    assert response_quality(Outcome("length", feedback=True)) == 65
    assert response_quality(Outcome("stop", feedback=False)) == 60
    assert response_quality(Outcome("stop", feedback=True)) == 100
    assert response_quality(Outcome("content_filter", feedback=False)) == 0
    assert response_quality(Outcome("length", confidence=1.0)) == 60
    assert response_quality(Outcome("length", confidence=0.0)) == 40


def test_token_efficiency_punishes_truncation_and_a_wrong_guess() -> None:
    exact = Outcome("stop", kept_tokens=300, truncated_tokens=100, output_tokens=50, predicted_output_tokens=50)
    assert token_efficiency(exact) == 75
    half = Outcome("stop", output_tokens=50, predicted_output_tokens=100)
    assert token_efficiency(half) == pytest.approx(100 * sqrt(0.5))
    assert token_efficiency(Outcome("stop")) == 100


def test_observed_weighs_quality_tools_and_tokens() -> None:
    outcome = Outcome("length", attempts=4, successes=1, output_tokens=10, predicted_output_tokens=10)
    observed = observe(outcome)
    assert (observed.response_quality, observed.tool_success, observed.token_efficiency) == (50, 25, 100)
    assert observed.value == pytest.approx(25 + 5 + 30)
    assert observe(Outcome("stop")).tool_success == 100
