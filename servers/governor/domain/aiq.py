"""The agent intelligence quotient, 0-100: predicted before the model call, observed after it.

Nothing here decides a level; the formulas are those of section 2 of the governor's rules and stand in the docstrings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2, sqrt
from typing import Final

from servers.governor.domain.request import CallCounts, OutputCounts, PlanRequest
from servers.governor.domain.rules import Level, PlannerRules


@dataclass(frozen=True, slots=True)
class AiqPrediction:
    """AIQ as predicted, with its components; `tool_relevance` is None where no tool can apply."""

    value: float
    context_quality: float
    tool_relevance: float | None
    budget_efficiency: float


@dataclass(frozen=True, slots=True)
class AiqObservation:
    """AIQ as observed, with its components."""

    value: float
    response_quality: float
    tool_success: float
    token_efficiency: float


@dataclass(frozen=True, slots=True)
class ToolFit:
    """The tools on offer: how relevant they are, how reliable, and how much of what was wanted fits the lane."""

    relevances: Sequence[float]
    success_rates: Sequence[float]
    fitting_share: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a turn ended, in numbers; `feedback` is True for good, False for bad, None for none."""

    finish_reason: str
    attempts: int = 0
    successes: int = 0
    kept_tokens: int = 0
    truncated_tokens: int = 0
    output_tokens: int = 0
    predicted_output_tokens: int = 0
    confidence: float | None = None
    feedback: bool | None = None


# A cancelled answer is as incomplete as one that met its limit.
FINISH_QUALITY: Final[dict[str, float]] = {
    "stop": 100.0,
    "tool_calls": 100.0,
    "length": 50.0,
    "cancelled": 50.0,
    "content_filter": 20.0,
    "error": 0.0,
}
FEEDBACK: Final[dict[bool, float]] = {True: 15.0, False: -40.0}
# Confidence moves the quality by at most 10 either way: 20·(confidence − 0.5).
CONFIDENCE_SPAN: Final = 20.0


def clamp(value: float, low: float = 0.0, high: float = 100.0) -> float:
    """The value held between two others."""
    return max(low, min(high, value))


def context_quality(request: PlanRequest) -> float:
    """How good the context is.

    `clamp(50 + 30·mean(snippet score, missing 0.5) if snippets + min(15, 5·log2(history+1))
    + 5 if a system prompt exists)`
    """
    found = request.candidates
    quality = 50.0
    if found.memory_scores:
        scores = [0.5 if score is None else score for score in found.memory_scores]
        quality += 30.0 * sum(scores) / len(scores)
    quality += min(15.0, 5.0 * log2(len(found.history_tokens) + 1))
    if found.system_prompt_tokens:
        quality += 5.0
    return clamp(quality)


def tool_relevance(fit: ToolFit) -> float:
    """`40·mean(relevance of the K chosen) + 30·(share of their schema tokens that fit) + 30·(their success rate)`."""
    count = len(fit.relevances)
    if not count:
        return clamp(30.0 * fit.fitting_share)
    mean_relevance = sum(fit.relevances) / count
    mean_success = sum(fit.success_rates) / count
    return clamp(40.0 * mean_relevance + 30.0 * fit.fitting_share + 30.0 * mean_success)


def budget_efficiency(demanded: Level, buffer_tokens: int, rules: PlannerRules) -> float:
    """`{L0 100, L1 80, L2 60, L3 30, L4 10}` by the level that health and budget demand.

    `+10 if buffer ≥ 300, +5 if ≥ 250, cap 100`
    """
    bonus = 10.0 if buffer_tokens >= 300 else 5.0 if buffer_tokens >= 250 else 0.0
    return clamp(rules.levels[demanded].budget_efficiency + bonus)


def predict(context: float, tools: float | None, budget: float, rules: PlannerRules) -> AiqPrediction:
    """`0.4·context_quality + 0.3·tool_relevance + 0.3·budget_efficiency`.

    A term that cannot apply is left out and the other weights are renormalised.
    """
    weights = rules.weights
    terms = [(weights.context_quality, context), (weights.budget_efficiency, budget)]
    if tools is not None:
        terms.append((weights.tool_relevance, tools))
    total = sum(weight for weight, _ in terms)
    value = sum(weight * term for weight, term in terms) / total if total else 0.0
    return AiqPrediction(clamp(value), context, tools, budget)


def success_rate(calls: CallCounts | None, rules: PlannerRules) -> float:
    """The share of successful calls with the prior 0.8: `(successes + 0.8·10) / (attempts + 10)`."""
    seen = calls or CallCounts(0, 0)
    prior = rules.tool_success_prior_calls
    return (seen.successes + rules.tool_success_prior * prior) / (seen.attempts + prior)


def predicted_output(output: OutputCounts, max_output_tokens: int, rules: PlannerRules) -> int:
    """How long the answer will be, at most what is allowed: this tenant's mean for the model, with a prior."""
    turns = output.turns + rules.output_prior_turns
    mean = (output.tokens + rules.output_prior_tokens * rules.output_prior_turns) / turns
    return min(max_output_tokens, round(mean))


def response_quality(outcome: Outcome) -> float:
    """Finish reason (stop 100, tool_calls 100, length 50, content_filter 20, error 0), moved by what is known besides.

    Explicit feedback moves it by +15 or −40, confidence by 20·(confidence − 0.5); then it is clamped.
    """
    finish = quality = FINISH_QUALITY.get(outcome.finish_reason, 0.0)
    if outcome.feedback is not None:
        quality += FEEDBACK[outcome.feedback]
    # How sure a model was of an answer that failed says nothing of it, whatever a person says.
    if outcome.confidence is not None and finish > 0:
        quality += CONFIDENCE_SPAN * (outcome.confidence - 0.5)
    return clamp(quality)


def tool_success(outcome: Outcome) -> float:
    """`successes / attempts`, 100 when none."""
    return clamp(100.0 * outcome.successes / outcome.attempts) if outcome.attempts else 100.0


def token_efficiency(outcome: Outcome) -> float:
    """`100·(1 − truncated/(kept + truncated))·(1 − |output − predicted output|/max(both))^½`."""
    sent = outcome.kept_tokens + outcome.truncated_tokens
    lost = outcome.truncated_tokens / sent if sent else 0.0
    longer = max(outcome.output_tokens, outcome.predicted_output_tokens)
    missed = abs(outcome.output_tokens - outcome.predicted_output_tokens) / longer if longer else 0.0
    return clamp(100.0 * (1.0 - lost) * sqrt(1.0 - missed))


def observe(outcome: Outcome) -> AiqObservation:
    """`0.5·response_quality + 0.2·tool_success + 0.3·token_efficiency`."""
    quality, tools, tokens = response_quality(outcome), tool_success(outcome), token_efficiency(outcome)
    return AiqObservation(clamp(0.5 * quality + 0.2 * tools + 0.3 * tokens), quality, tools, tokens)
