"""Requests and snapshots of the planner, drawn at random."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from servers.governor.domain.ledger import Amount, BudgetState
from servers.governor.domain.levels import Health, LevelState, Observation
from servers.governor.domain.periods import Period, period_start
from servers.governor.domain.request import (
    CallCounts,
    Candidates,
    OutputCounts,
    PlanRequest,
    Snapshot,
    ToolCandidate,
)
from servers.governor.domain.rules import Level, Risk
from soma_common.kernel.money import Price

NOW = datetime(2026, 3, 31, 17, 5, tzinfo=UTC)
WORDS = st.sampled_from(
    ("weather", "send", "mail", "lookup", "city", "calendar", "get_weather", "data", "Straße", "天気")
)

tools = st.builds(
    ToolCandidate,
    name=st.lists(WORDS, min_size=1, max_size=3).map("_".join),
    description=st.lists(WORDS, max_size=8).map(" ".join),
    parameter_names=st.lists(WORDS, max_size=3).map(tuple),
    schema_tokens=st.integers(0, 900),
)
scores = st.none() | st.floats(0, 1)
candidates = st.builds(
    Candidates,
    system_prompt_tokens=st.integers(0, 3000),
    policy_tokens=st.integers(0, 500),
    history_tokens=st.lists(st.integers(0, 2000), max_size=12).map(tuple),
    memory_tokens=st.integers(0, 6000),
    memory_scores=st.lists(scores, max_size=6).map(tuple),
    tools=st.lists(tools, max_size=6, unique_by=lambda tool: tool.name).map(tuple),
    tool_result_tokens=st.integers(0, 4000),
    user_message_tokens=st.integers(0, 3000),
    framing_tokens=st.integers(0, 50),
)
prices = st.builds(Price, *(st.integers(0, 50_000_000) for _ in range(4)))
requests = st.builds(
    PlanRequest,
    model=st.just("m"),
    window_tokens=st.integers(1, 200_000) | st.sampled_from((1024, 2048, 4096, 8192, 32_000, 128_000)),
    max_output_tokens=st.integers(1, 20_000),
    price=prices,
    candidates=candidates,
    query=st.lists(WORDS, max_size=6).map(" ".join),
    risk=st.sampled_from(Risk),
    turn_token_limit=st.just(0) | st.integers(1, 100_000),
    features_off=st.frozensets(st.sampled_from(("memory", "tools", "mcp", "agentiq_governor")), max_size=2),
    tool_k_delta=st.integers(-1, 1),
    history_share_delta=st.sampled_from((0.0, 0.05)),
    sleep_state=st.sampled_from(("", "active", "light", "deep")),
)
amounts = st.builds(Amount, st.integers(0, 10_000), st.integers(0, 10_000))
budgets = st.builds(
    BudgetState,
    period=st.sampled_from(Period),
    start=st.just(NOW),
    limit=amounts,
    hard=st.booleans(),
    used=amounts,
    held=amounts,
    debt=amounts,
)
observations = st.builds(
    Observation,
    name=st.sampled_from(
        ("model", "memory", "memory_index", "cognitive", "governor", "database", "signals", "events", "else")
    ),
    health=st.sampled_from(Health),
    detail=st.sampled_from(("", "deadline exceeded")),
)
level_states = st.builds(
    LevelState,
    level=st.sampled_from(Level),
    good_checks=st.integers(0, 2),
    worst_of_streak=st.sampled_from(Level),
)
snapshots = st.builds(
    Snapshot,
    observations=st.lists(observations, max_size=4, unique_by=lambda seen: seen.name).map(tuple),
    budgets=st.lists(budgets, max_size=3, unique_by=lambda budget: budget.period).map(tuple),
    level_state=level_states,
    tool_calls=st.dictionaries(WORDS, st.builds(CallCounts, st.integers(10, 2**60), st.integers(0, 10)), max_size=3),
    output=st.builds(OutputCounts, st.integers(0, 1000), st.integers(0, 2**60)),
)


def fresh(period: Period, limit: Amount, hard: bool = True) -> BudgetState:
    """A budget at the start of its period."""
    return BudgetState(period, period_start(period, NOW), limit, hard)
