"""A tenant's configuration as one value, in what two of them differ, and every mistake that one can have.

Nothing here knows a message or a store.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import isfinite
from typing import Final

from servers.governor.domain.rates import RateRules
from servers.governor.domain.rules import (
    DEFAULT_RULES,
    Lane,
    LaneBound,
    Level,
    LevelRow,
    PlannerRules,
    Threshold,
)
from soma_common.kernel.errors import FieldViolation

# The smallest window that a model may have: floors must leave room in it for the least answer.
SMALLEST_WINDOW_TOKENS: Final = 1024
_MOST_HEALTH_ROWS: Final = 64


@dataclass(frozen=True, slots=True)
class Configuration:
    """All that a tenant may set; the version is that of the rules."""

    rules: PlannerRules = DEFAULT_RULES
    rates: RateRules = field(default_factory=RateRules)
    receipt_retention_days: int = 400


BUILT_IN: Final = Configuration()

# The fields of a configuration by their names in the contract, each with what it consists of.
_FIELDS_OF_RULES: Final[Mapping[str, tuple[str, ...]]] = {
    "weights": ("weights",),
    "levels": ("levels",),
    "bounds": ("bounds",),
    "aiq_thresholds": ("aiq_thresholds",),
    "budget_thresholds": ("budget_thresholds",),
    "health": ("down", "degraded"),
    "good_checks_to_recover": ("good_checks_to_recover",),
    "tool_relevance_floor": ("tool_relevance_floor",),
    "tool_success_prior": ("tool_success_prior",),
    "lane_profile": ("lane_profile",),
    "wide_from_tokens": ("wide_from_tokens",),
    "low_risk_tools_ceiling": ("low_risk_tools_ceiling",),
}


def changed_fields(before: Configuration, after: Configuration) -> list[str]:
    """The fields in which two configurations differ, in the order of the contract."""
    names = [
        name
        for name, parts in _FIELDS_OF_RULES.items()
        if any(getattr(before.rules, part) != getattr(after.rules, part) for part in parts)
    ]
    others = ("rates", "receipt_retention_days")
    return names + [name for name in others if getattr(before, name) != getattr(after, name)]


def mistakes(configuration: Configuration) -> list[FieldViolation]:
    """Everything that is wrong with a configuration, a sentence each; nothing for a valid one."""
    rules = configuration.rules
    found = (
        *_in_weights(rules),
        *_in_levels(rules.levels),
        *_in_bounds(rules),
        *_in_thresholds("aiq_thresholds", rules.aiq_thresholds, rising=True),
        *_in_thresholds("budget_thresholds", rules.budget_thresholds, rising=False),
        *(
            (f"budget_thresholds[{number}].at", "it is a used share of a budget: more than 0 and at most 1")
            for number, threshold in enumerate(rules.budget_thresholds)
            if not 0 < threshold.at <= 1
        ),
        *_in_health(rules),
        *_not_numbers("tool_relevance_floor", [rules.tool_relevance_floor]),
        *_not_numbers("tool_success_prior", [rules.tool_success_prior]),
    )
    return [FieldViolation(f"config.{name}", sentence) for name, sentence in found]


Found = Iterator[tuple[str, str]]


def _in_weights(rules: PlannerRules) -> Found:
    # Written so that what is no number fails.
    if not abs(rules.weights.total - 1.0) <= 0.001:
        yield "weights", f"the weights sum to {rules.weights.total:g}; they must sum to 1"
    elif not rules.weights.context_quality + rules.weights.budget_efficiency > 0:
        yield (
            "weights",
            "context_quality or budget_efficiency must be more than 0; a turn without tools has no other",
        )


def _in_levels(levels: Mapping[Level, LevelRow]) -> Found:
    for level, row in levels.items():
        yield from _not_numbers(f"levels.{level.name}", [row.budget_efficiency, *row.shares.values()])
        if not sum(row.shares.values()) > 0:
            yield f"levels.{level.name}.shares", "every share is 0; at least one must be more"
        elif level is not Level.L4 and not row.shares[Lane.SYSTEM_POLICY]:
            yield (
                f"levels.{level.name}.shares.system_policy",
                "it is 0, so that the system prompt and the policies would not be sent; only L4 may do so",
            )
    if levels[Level.L4].tool_k:
        yield "levels.L4.tool_k", "at L4 no model is called, so no tool can be offered; it must be 0"
    for better, worse in pairwise(Level):
        for name, allowed, value in _compared(levels[better], levels[worse]):
            if value > allowed:
                sentence = f"it is {value:g}, more than the {allowed:g} of {better.name}, which is the better level"
                yield f"levels.{worse.name}.{name}", sentence


def _compared(better: LevelRow, worse: LevelRow) -> Iterator[tuple[str, float, float]]:
    """What must not grow as levels get worse."""
    yield "tool_k", better.tool_k, worse.tool_k
    yield "budget_efficiency", better.budget_efficiency, worse.budget_efficiency
    for lane in (Lane.HISTORY, Lane.TOOLS):
        yield f"shares.{lane.value}", better.shares[lane], worse.shares[lane]


def _in_bounds(rules: PlannerRules) -> Found:
    for lane, bound in rules.bounds.items():
        if bound.floor > bound.ceiling:
            yield f"bounds.{lane.value}", f"the floor of {bound.floor} is above the ceiling of {bound.ceiling}"
    floors, room = _floors(rules.bounds), SMALLEST_WINDOW_TOKENS - rules.least_output_tokens
    if floors > room:
        sentence = (
            f"the floors sum to {floors} tokens; the smallest window has {SMALLEST_WINDOW_TOKENS}, of which "
            f"{rules.least_output_tokens} are for the answer, so they may sum to {room}"
        )
        yield "bounds", sentence


def _floors(bounds: Mapping[Lane, LaneBound]) -> int:
    return sum(bound.floor for bound in bounds.values())


def _in_thresholds(name: str, thresholds: Sequence[Threshold], *, rising: bool) -> Found:
    yield from _not_numbers(name, [threshold.at for threshold in thresholds])
    for number, (worse, better) in enumerate(pairwise(thresholds), start=1):
        if worse.level <= better.level:
            yield (
                f"{name}[{number}].level",
                f"{better.level.name} stands behind {worse.level.name}; the worst level comes first, each once",
            )
        elif not (worse.at < better.at if rising else worse.at > better.at):
            word = "above" if rising else "below"
            yield (
                f"{name}[{number}].at",
                f"{better.at:g} for {better.level.name} must be {word} the {worse.at:g} of {worse.level.name}",
            )


def _in_health(rules: PlannerRules) -> Found:
    if len(rules.down) + len(rules.degraded) > _MOST_HEALTH_ROWS:
        yield "health", f"there are more than {_MOST_HEALTH_ROWS} rows, those that were set before included"
    for name in sorted({*rules.down, *rules.degraded}):
        if not (name.isascii() and name.isidentifier() and name.islower()):
            yield "health", f"{name!r} is no name of a dependency; they look like memory_index"
    for name, level in rules.degraded.items():
        down = rules.down.get(name, Level.L0)
        if level > down:
            yield (
                "health",
                f"{name} demands {level.name} with restrictions, but only {down.name} when it does not answer at all",
            )


def _not_numbers(name: str, values: Iterable[float]) -> Found:
    if not all(isfinite(value) for value in values):
        yield name, "it must be a number"
