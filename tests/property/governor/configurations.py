"""Configurations that a tenant may have, drawn at random."""

from hypothesis import strategies as st

from servers.governor.domain.configuration import Configuration
from servers.governor.domain.rates import RateRules
from servers.governor.domain.rules import (
    AiqWeights,
    Lane,
    LaneBound,
    LaneProfile,
    Level,
    LevelRow,
    PlannerRules,
    Threshold,
)

shares = st.sampled_from((0.0, 0.05, 0.1, 0.25, 0.4, 1.0))
names = st.sampled_from(("model", "memory", "memory_index", "cognitive", "events", "printer"))


@st.composite
def weights(draw: st.DrawFn) -> AiqWeights:
    context = draw(st.integers(1, 100))
    tools = draw(st.integers(0, 100 - context))
    return AiqWeights(context / 100, tools / 100, (100 - context - tools) / 100)


@st.composite
def levels(draw: st.DrawFn) -> dict[Level, LevelRow]:
    def falling(values: st.SearchStrategy[float]) -> list[float]:
        return sorted(draw(st.lists(values, min_size=5, max_size=5)), reverse=True)

    counts, efficiencies = falling(st.integers(0, 8)), falling(st.floats(0, 100))
    history, tools = falling(shares), falling(shares)
    rows = {}
    for level in Level:
        row = {lane: draw(shares) for lane in Lane}
        row |= {Lane.HISTORY: history[level], Lane.TOOLS: tools[level]}
        row[Lane.SYSTEM_POLICY] = max(row[Lane.SYSTEM_POLICY], 0.05)
        count = 0 if level is Level.L4 else int(counts[level])
        rows[level] = LevelRow(count, efficiencies[level], row)
    return rows


@st.composite
def bounds(draw: st.DrawFn) -> dict[Lane, LaneBound]:
    floors = draw(st.lists(st.integers(0, 128), min_size=6, max_size=6))
    above = draw(st.lists(st.integers(0, 5000), min_size=6, max_size=6))
    return {lane: LaneBound(floor, floor + more) for lane, floor, more in zip(Lane, floors, above, strict=True)}


@st.composite
def thresholds(draw: st.DrawFn, most: float, rising: bool) -> tuple[Threshold, ...]:
    found = draw(st.sets(st.sampled_from(list(Level)[1:]), min_size=1))
    values = draw(st.sets(st.integers(1, 100), min_size=len(found), max_size=len(found)))
    ordered = sorted(values, reverse=not rising)
    return tuple(
        Threshold(value * most / 100, level) for value, level in zip(ordered, sorted(found, reverse=True), strict=True)
    )


@st.composite
def health(draw: st.DrawFn) -> tuple[dict[str, Level], dict[str, Level]]:
    down = draw(st.dictionaries(names, st.sampled_from(Level)))
    degraded = {name: draw(st.sampled_from(list(Level)[: level + 1])) for name, level in down.items()}
    return down, degraded


@st.composite
def configurations(draw: st.DrawFn) -> Configuration:
    """A valid configuration."""
    down, degraded = draw(health())
    rules = PlannerRules(
        version=draw(st.integers(0, 9)),
        weights=draw(weights()),
        levels=draw(levels()),
        bounds=draw(bounds()),
        aiq_thresholds=draw(thresholds(100, rising=True)),
        budget_thresholds=draw(thresholds(1, rising=False)),
        down=down,
        degraded=degraded,
        good_checks_to_recover=draw(st.integers(1, 100)),
        tool_relevance_floor=draw(st.floats(0, 1)),
        tool_success_prior=draw(st.floats(0, 1)),
        lane_profile=draw(st.sampled_from(LaneProfile)),
        wide_from_tokens=draw(st.integers(1, 100_000)),
        low_risk_tools_ceiling=draw(st.integers(0, 2000)),
    )
    rates = st.builds(RateRules, *(st.integers(0, 10**6) for _ in range(6)))
    return Configuration(rules, draw(rates), draw(st.integers(1, 3650)))
