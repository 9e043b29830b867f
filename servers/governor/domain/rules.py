"""Levels, lanes and every number the planner works with, as data.

Nothing here computes a plan; nothing here knows a request, a store or a message.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Final


class Level(IntEnum):
    """How much of the mesh a turn may use; a higher number is worse."""

    L0 = 0
    L1 = 1
    L2 = 2
    L3 = 3
    L4 = 4


class Lane(StrEnum):
    """The six parts of the context window."""

    SYSTEM_POLICY = "system_policy"
    HISTORY = "history"
    MEMORY = "memory"
    TOOLS = "tools"
    TOOL_RESULTS = "tool_results"
    BUFFER = "buffer"


class LaneProfile(StrEnum):
    """Which ceilings the lanes have: as they stand, grown with the window, or grown for large windows only."""

    AUTO = "auto"
    CLASSIC = "classic"
    WIDE = "wide"


class Risk(StrEnum):
    """How risky an agent's work is."""

    LOW = "low"
    NORMAL = "normal"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class LaneBound:
    """Least and most tokens of a lane in the profile `classic`."""

    floor: int
    ceiling: int


@dataclass(frozen=True, slots=True)
class LevelRow:
    """What a level allows: tools on offer, the share of each lane, and how good it is for budget efficiency (0-100)."""

    tool_k: int
    budget_efficiency: float
    shares: Mapping[Lane, float]


@dataclass(frozen=True, slots=True)
class AiqWeights:
    """Weights of the three components of AIQ as predicted; they sum to 1 ± 0.001."""

    context_quality: float = 0.4
    tool_relevance: float = 0.3
    budget_efficiency: float = 0.3

    @property
    def total(self) -> float:
        """Their sum."""
        return self.context_quality + self.tool_relevance + self.budget_efficiency


@dataclass(frozen=True, slots=True)
class Threshold:
    """From which value on (or below which) a level is demanded."""

    at: float
    level: Level


def _row(tool_k: int, efficiency: float, *shares: float) -> LevelRow:
    return LevelRow(tool_k, efficiency, MappingProxyType(dict(zip(Lane, shares, strict=True))))


# Sections 2-4 of the governor's rules. Shares in the order system_policy, history, memory, tools, tool_results, buffer.
LEVELS: Final[Mapping[Level, LevelRow]] = MappingProxyType(
    {
        Level.L0: _row(5, 100, 0.15, 0.25, 0.25, 0.20, 0.10, 0.05),
        Level.L1: _row(3, 80, 0.15, 0.15, 0.30, 0.10, 0.10, 0.10),
        Level.L2: _row(1, 60, 0.25, 0.10, 0.15, 0.05, 0.10, 0.15),
        Level.L3: _row(0, 30, 0.40, 0.00, 0.10, 0.00, 0.05, 0.20),
        Level.L4: _row(0, 10, 0.70, 0.00, 0.00, 0.00, 0.00, 0.30),
    }
)

BOUNDS: Final[Mapping[Lane, LaneBound]] = MappingProxyType(
    {
        Lane.SYSTEM_POLICY: LaneBound(100, 2000),
        Lane.HISTORY: LaneBound(0, 4000),
        Lane.MEMORY: LaneBound(0, 2000),
        Lane.TOOLS: LaneBound(0, 1500),
        Lane.TOOL_RESULTS: LaneBound(0, 1000),
        Lane.BUFFER: LaneBound(200, 500),
    }
)

# Who is offered what another lane does not need, in this order. Not the buffer: it is a reserve and never grows. The
# system prompt comes after the four that the rules name, so that it is cut only where the window is really full.
OFFER_ORDER: Final = (Lane.HISTORY, Lane.MEMORY, Lane.TOOL_RESULTS, Lane.TOOLS, Lane.SYSTEM_POLICY)


# Section 3, "Health demands": which level a dependency demands that is down, and one that answers with restrictions. A
# name that is not here only gives a notice.
DOWN: Final[Mapping[str, Level]] = MappingProxyType(
    {
        "model": Level.L4,
        "memory": Level.L1,
        "memory_database": Level.L1,
        "memory_index": Level.L1,
        "cognitive": Level.L0,
        "cognitive_database": Level.L0,
        "control": Level.L0,
        "control_database": Level.L0,
        "database": Level.L0,
        "governor": Level.L0,
        "signals": Level.L0,
        "events": Level.L0,
    }
)
DEGRADED: Final[Mapping[str, Level]] = MappingProxyType(
    dict.fromkeys(("model", "memory", "memory_index", "cognitive", "control"), Level.L0)
)


@dataclass(frozen=True, slots=True)
class PlannerRules:
    """All numbers of the planner.

    `version` is that of the tenant's configuration, 0 for what comes with the system; `method` changes with the way the
    numbers are used.
    """

    version: int = 0
    method: int = 2
    weights: AiqWeights = AiqWeights()
    levels: Mapping[Level, LevelRow] = field(default_factory=lambda: LEVELS)
    bounds: Mapping[Lane, LaneBound] = field(default_factory=lambda: BOUNDS)
    # A value of AIQ below `at` demands the level; worst first.
    aiq_thresholds: tuple[Threshold, ...] = (
        Threshold(10, Level.L4),
        Threshold(30, Level.L3),
        Threshold(50, Level.L2),
        Threshold(70, Level.L1),
    )
    # A used share of a budget from `at` on demands the level; worst first.
    budget_thresholds: tuple[Threshold, ...] = (Threshold(0.95, Level.L2), Threshold(0.80, Level.L1))
    # Which level a dependency demands that is down or degraded, by name.
    down: Mapping[str, Level] = field(default_factory=lambda: DOWN)
    degraded: Mapping[str, Level] = field(default_factory=lambda: DEGRADED)
    good_checks_to_recover: int = 3
    tool_relevance_floor: float = 0.2
    tool_success_prior: float = 0.8
    # The prior counts as this many calls, so that one failure moves a new tool from 0.80 to 0.73.
    tool_success_prior_calls: float = 10.0
    # Answers of a model nobody has used yet are expected to be this long, counted as `output_prior_turns` turns.
    output_prior_tokens: float = 256.0
    output_prior_turns: float = 4.0
    lane_profile: LaneProfile = LaneProfile.AUTO
    # The profile `wide` has ceilings times window / `wide_reference_tokens`, floors as they are. It is for windows from
    # `wide_from_tokens` on where the profile is automatic.
    wide_from_tokens: int = 32_000
    wide_reference_tokens: int = 8192
    low_risk_tools_ceiling: int = 500
    rescue_system_policy_tokens: int = 500
    rescue_buffer_tokens: int = 200
    # The answer gives way to the prompt down to this; a request for less is honoured.
    least_output_tokens: int = 256

    def is_wide(self, window_tokens: int) -> bool:
        """Whether the ceilings grow with this window."""
        if self.lane_profile is LaneProfile.AUTO:
            return window_tokens >= self.wide_from_tokens
        return self.lane_profile is LaneProfile.WIDE


DEFAULT_RULES: Final = PlannerRules()
