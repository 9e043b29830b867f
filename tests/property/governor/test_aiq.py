"""AIQ stays between 0 and 100 whatever happens, and moves the way its parts move."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from servers.governor.domain.aiq import (
    AiqObservation,
    Outcome,
    ToolFit,
    budget_efficiency,
    context_quality,
    observe,
    predict,
    response_quality,
    success_rate,
    tool_relevance,
)
from servers.governor.domain.request import CallCounts, PlanRequest
from servers.governor.domain.rules import DEFAULT_RULES, AiqWeights, Level
from tests.property.governor.strategies import requests
from tests.unit.governor.samples import hello

CLOSE = 1e-9
shares = st.floats(0, 1)
points = st.floats(0, 100)
counts = st.integers(0, 2**40)
fits = st.lists(st.tuples(shares, shares), max_size=6).flatmap(
    lambda rows: st.builds(ToolFit, st.just([a for a, _ in rows]), st.just([b for _, b in rows]), shares)
)
outcomes = st.builds(
    Outcome,
    finish_reason=st.sampled_from(("stop", "tool_calls", "length", "cancelled", "content_filter", "error", "strange")),
    attempts=st.integers(1, 50),
    successes=st.just(0),
    kept_tokens=counts,
    truncated_tokens=counts,
    output_tokens=counts,
    predicted_output_tokens=counts,
    confidence=st.none() | shares,
    feedback=st.none() | st.booleans(),
)


def within(*values: float) -> bool:
    return all(0 <= value <= 100 for value in values)


@given(requests, fits, st.sampled_from(Level), st.integers(0, 1000), st.floats(0, 1), st.floats(0, 1))
def test_what_is_predicted_lies_between_0_and_100(
    request: PlanRequest, fit: ToolFit, level: Level, buffer: int, first: float, second: float
) -> None:
    weights = AiqWeights(first, (1 - first) * second, (1 - first) * (1 - second))
    context, tools = context_quality(request), tool_relevance(fit)
    budget = budget_efficiency(level, buffer, DEFAULT_RULES)
    for term in (tools, None):
        value = predict(context, term, budget, replace(DEFAULT_RULES, weights=weights)).value
        assert within(context, tools, budget, value)
        parts = [context, budget, *([] if term is None else [term])]
        assert value == 0 or min(parts) - CLOSE <= value <= max(parts) + CLOSE


@given(st.lists(shares, max_size=5), st.integers(0, 300), shares)
def test_a_better_snippet_and_a_longer_history_never_make_the_context_worse(
    scores: list[float], history: int, more: float
) -> None:
    request = hello(memory_scores=tuple(scores), history_tokens=(1,) * history)
    better = [max(score, more) for score in scores]
    assert context_quality(hello(memory_scores=tuple(better), history_tokens=(1,) * history)) >= (
        context_quality(request) - CLOSE
    )
    assert context_quality(hello(memory_scores=tuple(scores), history_tokens=(1,) * (history + 1))) >= (
        context_quality(request)
    )


@given(points, points, points, points)
def test_a_better_part_never_makes_the_prediction_worse(
    context: float, tools: float, budget: float, more: float
) -> None:
    base = predict(context, tools, budget, DEFAULT_RULES).value
    assert predict(max(context, more), tools, budget, DEFAULT_RULES).value >= base - CLOSE
    assert predict(context, max(tools, more), budget, DEFAULT_RULES).value >= base - CLOSE
    assert predict(context, tools, max(budget, more), DEFAULT_RULES).value >= base - CLOSE


@given(st.sampled_from(Level), st.integers(0, 1000))
def test_budget_efficiency_falls_with_the_level_and_grows_with_the_buffer(level: Level, buffer: int) -> None:
    here = budget_efficiency(level, buffer, DEFAULT_RULES)
    assert budget_efficiency(level, buffer + 50, DEFAULT_RULES) >= here
    if level > Level.L0:
        assert budget_efficiency(Level(level - 1), buffer, DEFAULT_RULES) >= here


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_success_rate_lies_between_0_and_1_and_follows_the_calls(attempts: int, failures: int) -> None:
    failures = min(failures, attempts)
    rate = success_rate(CallCounts(attempts, attempts - failures), DEFAULT_RULES)
    assert 0 <= rate <= 1
    assert success_rate(CallCounts(attempts + 1, attempts - failures), DEFAULT_RULES) < rate
    assert success_rate(CallCounts(attempts + 1, attempts - failures + 1), DEFAULT_RULES) >= rate


@given(outcomes, st.integers(0, 50))
def test_what_is_observed_lies_between_0_and_100_and_is_the_sum_of_its_parts(outcome: Outcome, successes: int) -> None:
    seen = observe(replace(outcome, successes=min(successes, outcome.attempts)))
    assert within(seen.value, seen.response_quality, seen.tool_success, seen.token_efficiency)
    total = 0.5 * seen.response_quality + 0.2 * seen.tool_success + 0.3 * seen.token_efficiency
    assert abs(seen.value - total) < 1e-6


@given(outcomes, st.integers(1, 1000))
def test_what_went_better_is_never_observed_as_worse(outcome: Outcome, more: int) -> None:
    def value(**changes: object) -> float:
        seen: AiqObservation = observe(replace(outcome, **changes))  # type: ignore[arg-type]
        return seen.value

    here = value()
    assert value(successes=1) >= here
    assert value(truncated_tokens=outcome.truncated_tokens + more) <= here + CLOSE
    assert value(output_tokens=outcome.predicted_output_tokens) >= here - CLOSE
    assert value(feedback=False) <= value(feedback=None) <= value(feedback=True)
    if outcome.confidence is not None:
        assert value(confidence=1.0) >= here


@given(outcomes)
def test_feedback_moves_the_quality_by_15_up_or_40_down_within_its_bounds(outcome: Outcome) -> None:
    plain, good, bad = (response_quality(replace(outcome, feedback=said)) for said in (None, True, False))
    assert plain <= good <= plain + 15 + CLOSE
    assert plain - 40 - CLOSE <= bad <= plain
    if outcome.confidence is None:
        assert (good, bad) == (min(100, plain + 15), max(0, plain - 40))
