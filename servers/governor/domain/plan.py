"""The plan of a turn: levels, tools and lanes in the order the rules set. The one pure function behind PlanTurn.

Nothing here waits, reads a clock or makes an id. Order of computation (section 2 of the governor's rules):

    level₀ = worst of sleep, health and budget, with hysteresis for what is the tenant's
    K and lanes of level₀  →  AIQ once  →  level = worst of level₀ and AIQ's demand  →  K and lanes of that level
"""

from dataclasses import dataclass

from servers.governor.domain import aiq, tools
from servers.governor.domain.lanes import Division, divide
from servers.governor.domain.ledger import Amount, need_of_call
from servers.governor.domain.levels import (
    FEATURE_LANES,
    GOVERNOR_FEATURE,
    Demand,
    LevelState,
    aiq_demand,
    budget_demands,
    health_demands,
    sleep_demand,
    worst,
)
from servers.governor.domain.request import PlanRequest, Snapshot
from servers.governor.domain.rules import Lane, Level, PlannerRules, Risk
from servers.governor.domain.tools import RankedTool
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason


@dataclass(frozen=True, slots=True)
class Plan:
    """What a turn may do; `need` is what must be held for its first model call, nothing at L4."""

    division: Division
    level: Level
    reasons: tuple[Demand, ...]
    tool_k: int
    tools: tuple[RankedTool, ...]
    aiq: aiq.AiqPrediction
    input_tokens: int
    need: Amount
    predicted_output_tokens: int
    level_state: LevelState


@dataclass(frozen=True, slots=True)
class _Offer:
    """K, the tools on offer and the lanes at one level."""

    tool_k: int
    tools: tuple[RankedTool, ...]
    division: Division


def plan_turn(request: PlanRequest, snapshot: Snapshot) -> Plan:
    """The plan of a turn. Raises CONTEXT_OVERFLOW, LANE_FLOOR, LEVEL_TOO_LOW; the ledger decides about the budget."""
    rules = snapshot.rules
    governed = GOVERNOR_FEATURE not in request.features_off
    causes = _causes(snapshot) if governed else ()
    demanded = worst(causes)
    own = budget_demands(snapshot.scoped_budgets, rules) if governed else ()
    state = (
        snapshot.level_state.after(demanded, rules, check_due=snapshot.check_due) if governed else snapshot.level_state
    )
    # An agent that sleeps does so whoever governs.
    asleep = sleep_demand(request.sleep_state)
    level = max(state.level, worst(own)) if governed else Level.L0
    level = level if asleep is None else max(level, asleep.level)
    off = _lanes_off(request, causes)
    ranked = _rank(request, snapshot, off)

    offer = _offer(request, level, off, ranked, rules)
    predicted = _predict(request, offer, ranked, max(demanded, worst(own)), rules)
    quality = aiq_demand(predicted.value, rules) if governed else None
    if quality is not None and quality.level > level:
        level = quality.level
        offer = _offer(request, level, off, ranked, rules)

    if request.min_level is not None and level > request.min_level:
        raise SomaError(Reason.LEVEL_TOO_LOW, {"level": level.name, "min_level": request.min_level.name})
    held = state.held_demand(demanded, rules) if governed else None
    found = (*causes, *own, *(demand for demand in (asleep, quality, held) if demand is not None))
    reasons = (*sorted(found, key=lambda demand: -demand.level), *_notices(request, offer, governed))
    input_tokens = offer.division.total + request.candidates.fixed_tokens
    output_tokens = offer.division.max_output_tokens
    return Plan(
        division=offer.division,
        level=level,
        reasons=reasons,
        tool_k=offer.tool_k,
        tools=offer.tools,
        aiq=predicted,
        input_tokens=input_tokens,
        need=Amount() if level is Level.L4 else need_of_call(request.price, input_tokens, output_tokens),
        predicted_output_tokens=aiq.predicted_output(snapshot.output, output_tokens, rules),
        level_state=state,
    )


def _causes(snapshot: Snapshot) -> tuple[Demand, ...]:
    return (*health_demands(snapshot.observations, snapshot.rules), *budget_demands(snapshot.budgets, snapshot.rules))


def _lanes_off(request: PlanRequest, causes: tuple[Demand, ...]) -> frozenset[Lane]:
    off = {lane for feature, (lane, _) in FEATURE_LANES.items() if feature in request.features_off}
    off.update(demand.lane_off for demand in causes if demand.lane_off is not None)
    if request.risk is Risk.CRITICAL:
        off.add(Lane.TOOLS)
    return frozenset(off)


def _rank(request: PlanRequest, snapshot: Snapshot, off: frozenset[Lane]) -> tuple[RankedTool, ...]:
    if Lane.TOOLS not in off:
        return tools.rank(request.candidates, request.query, snapshot.tool_calls, snapshot.rules)
    barred = request.risk is Risk.CRITICAL
    return tools.bar(
        request.candidates.tools, "the agent's risk profile allows no tools" if barred else "tools are switched off"
    )


def _offer(
    request: PlanRequest, level: Level, off: frozenset[Lane], ranked: tuple[RankedTool, ...], rules: PlannerRules
) -> _Offer:
    """K and the lanes of a level; when not all wanted tools fit, it is divided again by what the chosen ones need."""
    allowed = rules.levels[level].tool_k
    tool_k = max(0, allowed + request.tool_k_delta) if allowed and Lane.TOOLS not in off else 0
    wanted = tools.wanted_tokens(ranked, tool_k)
    division = divide(request, level, off, wanted, rules)
    if division.rescue:
        return _Offer(0, tools.choose(ranked, 0, 0), division)
    chosen = tools.choose(ranked, tool_k, division.lanes[Lane.TOOLS])
    taken = sum(row.tool.schema_tokens for row in chosen if row.chosen)
    if taken < wanted:
        again = divide(request, level, off, taken, rules)
        division = again if again.lanes[Lane.TOOLS] >= taken else division
    return _Offer(tool_k, chosen, division)


def _predict(
    request: PlanRequest, offer: _Offer, ranked: tuple[RankedTool, ...], demanded: Level, rules: PlannerRules
) -> aiq.AiqPrediction:
    fit = tools.fit_of(ranked, offer.tools, offer.tool_k, rules.tool_relevance_floor)
    relevance = None if fit is None else aiq.tool_relevance(fit)
    efficiency = aiq.budget_efficiency(demanded, offer.division.lanes[Lane.BUFFER], rules)
    return aiq.predict(aiq.context_quality(request), relevance, efficiency, rules)


def _notices(request: PlanRequest, offer: _Offer, governed: bool) -> tuple[Demand, ...]:
    """What is different although no level is demanded."""
    notices = [
        Demand("agent", Level.L0, sentence)
        for feature, (_, sentence) in FEATURE_LANES.items()
        if feature in request.features_off
    ]
    if not governed:
        notices.append(Demand("agent", Level.L0, "The governor is switched off: a fixed plan, within the budget."))
    if offer.division.rescue:
        sentence = "The window has no room for the usual lanes, so only the system prompt and the message are sent."
        notices.append(Demand("agent", Level.L0, sentence))
    return tuple(notices)
