"""How the context window is divided into its six lanes.

Nothing here knows levels' causes, tools' names or prices. In the order of `divide`:

    capacity   = min(window, the turn's own limit)
    answer     = the request's, but the prompt's needs may take up to half of the capacity from it, and the user's
                 message with the floors more than that, down to `least_output_tokens`
    available  = capacity − answer − user message − framing; below 0: CONTEXT_OVERFLOW
    share      = the level's shares, history and memory moved by the modulation, lanes that are off at 0, scaled to sum
                 1 (a lane that merely has no candidates keeps its share; the others get it as an offer)
    target     = share × available, held between floor and ceiling; the parts above the floors shrink alike if the sum
                 would be too large; floors that do not fit: the rescue plan, else LANE_FLOOR
    allocation = target, but no more than the lane's candidates need
    offers     = what is then left goes to the lanes that need more, in OFFER_ORDER

Two rules the formulas leave open:
  A floor binds where the level gives the lane a share and the lane has candidates; a lane without candidates gets 0.
  The buffer always counts as needed.
  Below L0 an offer fills a lane only up to the share of the next better level. Else a level that cuts history would
  hand it back through the offers, and a worse level could send more history than a better one (it never does while
  the window has room for every floor beside its share).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from servers.governor.domain.request import PlanRequest
from servers.governor.domain.rules import OFFER_ORDER, Lane, LaneBound, Level, PlannerRules, Risk
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason

Tokens = Mapping[Lane, int]


@dataclass(frozen=True, slots=True)
class Division:
    """The lanes in tokens, the largest answer beside them, and whether only the rescue plan fitted."""

    lanes: Tokens
    max_output_tokens: int
    rescue: bool = False

    @property
    def total(self) -> int:
        """The sum of the lanes."""
        return sum(self.lanes.values())


def divide(
    request: PlanRequest, level: Level, off: frozenset[Lane], tools_tokens: int, rules: PlannerRules
) -> Division:
    """Divides the window at a level. `off` are lanes that get nothing, `tools_tokens` is what the chosen tools need.

    Raises CONTEXT_OVERFLOW when the user's message does not fit beside the least answer, LANE_FLOOR when the floors do
    not. At L4 there is no model call, so nothing can fail and the answer is 0.
    """
    needs = {lane: 0 if lane in off else need for lane, need in _needs(request, tools_tokens).items()}
    window = _Window(request, level, off, needs, _bounds(request, level, needs, rules), rules)
    if level is Level.L4:
        return Division(window.lanes_without_call(), 0)
    answer = window.answer_tokens()
    available = request.capacity_tokens - answer - request.candidates.fixed_tokens
    if available >= window.floors:
        return Division(window.allocate(available), answer)
    return window.rescue() or window.refuse(available)


def _needs(request: PlanRequest, tools_tokens: int) -> Tokens:
    found = request.candidates
    return {
        Lane.SYSTEM_POLICY: found.system_prompt_tokens + found.policy_tokens,
        Lane.HISTORY: sum(found.history_tokens),
        Lane.MEMORY: found.memory_tokens,
        Lane.TOOLS: tools_tokens,
        Lane.TOOL_RESULTS: found.tool_result_tokens,
        Lane.BUFFER: 0,
    }


def _bounds(request: PlanRequest, level: Level, needs: Tokens, rules: PlannerRules) -> Mapping[Lane, LaneBound]:
    """Floor and ceiling of each lane; both 0 where the level gives no share or nothing is there to send."""
    wide = rules.is_wide(request.window_tokens)
    bounds: dict[Lane, LaneBound] = {}
    for lane, bound in rules.bounds.items():
        idle = not needs[lane] and lane is not Lane.BUFFER
        if idle or not rules.levels[level].shares[lane]:
            bounds[lane] = LaneBound(0, 0)
            continue
        ceiling = bound.ceiling
        if wide:
            ceiling = max(ceiling, ceiling * request.window_tokens // rules.wide_reference_tokens)
        if lane is Lane.TOOLS and request.risk is Risk.LOW:
            ceiling = min(ceiling, rules.low_risk_tools_ceiling)
        bounds[lane] = LaneBound(min(bound.floor, ceiling), ceiling)
    return bounds


@dataclass(frozen=True, slots=True)
class _Window:
    """One window at one level, with what its lanes need and between which bounds they lie."""

    request: PlanRequest
    level: Level
    off: frozenset[Lane]
    needs: Tokens
    bounds: Mapping[Lane, LaneBound]
    rules: PlannerRules

    @property
    def floors(self) -> int:
        return sum(bound.floor for bound in self.bounds.values())

    def answer_tokens(self) -> int:
        """The largest answer beside the prompt; CONTEXT_OVERFLOW when not even the least one fits."""
        capacity, fixed = self.request.capacity_tokens, self.request.candidates.fixed_tokens
        least = min(self.request.max_output_tokens, self.rules.least_output_tokens)
        needed = sum(max(bound.floor, min(self.needs[lane], bound.ceiling)) for lane, bound in self.bounds.items())
        prompt = max(min(fixed + needed, capacity // 2), fixed + self.floors)
        answer = max(least, min(self.request.max_output_tokens, capacity - prompt))
        if fixed + answer > capacity:
            available = str(max(0, capacity - least))
            raise SomaError(Reason.CONTEXT_OVERFLOW, {"needed": str(fixed), "available": available})
        return answer

    def allocate(self, available: int) -> Tokens:
        """The lanes: no more than their targets and their needs, then filled up by offers."""
        lanes = {
            lane: target if lane is Lane.BUFFER else min(target, max(self.bounds[lane].floor, self.needs[lane]))
            for lane, target in self._targets(available).items()
        }
        limits = self._offer_limits(available)
        left = available - sum(lanes.values())
        for lane in OFFER_ORDER:
            taken = max(0, min(left, min(self.needs[lane], limits[lane]) - lanes[lane]))
            lanes[lane] += taken
            left -= taken
        return lanes

    def lanes_without_call(self) -> Tokens:
        """The lanes of a turn that calls no model: what the table says, or nothing where that does not fit."""
        available = self.request.capacity_tokens - self.request.candidates.fixed_tokens
        return self.allocate(available) if available >= self.floors else dict.fromkeys(Lane, 0)

    def rescue(self) -> Division | None:
        """System prompt up to 500 tokens, buffer 200, all else 0, beside the least answer; None if it does not fit."""
        answer = min(self.request.max_output_tokens, self.rules.least_output_tokens)
        system = min(self.needs[Lane.SYSTEM_POLICY], self.rules.rescue_system_policy_tokens)
        lanes = dict.fromkeys(Lane, 0) | {Lane.SYSTEM_POLICY: system, Lane.BUFFER: self.rules.rescue_buffer_tokens}
        needed = self.request.candidates.fixed_tokens + answer + sum(lanes.values())
        return Division(lanes, answer, rescue=True) if needed <= self.request.capacity_tokens else None

    def refuse(self, available: int) -> NoReturn:
        """LANE_FLOOR for the first lane whose floor finds no room after the floors before it."""
        left = available
        for lane, bound in self.bounds.items():
            if bound.floor > left:
                shown = {"lane": lane.value, "floor": str(bound.floor), "available": str(max(0, left))}
                raise SomaError(Reason.LANE_FLOOR, shown)
            left -= bound.floor
        raise AssertionError("some floor does not fit, else the window would have been divided")

    def _shares(self, level: Level) -> Mapping[Lane, float]:
        """A level's shares after the overrides, renormalised to sum 1."""
        shares = dict(self.rules.levels[level].shares)
        if shares[Lane.HISTORY]:
            moved = min(self.request.history_share_delta, shares[Lane.MEMORY])
            shares[Lane.HISTORY] += moved
            shares[Lane.MEMORY] -= moved
        shares.update(dict.fromkeys(self.off, 0.0))
        total = sum(shares.values())
        return {lane: share / total for lane, share in shares.items()}

    def _targets(self, available: int) -> Mapping[Lane, int]:
        """Each lane's share between its floor and its ceiling, together never more than what is available."""
        shares = self._shares(self.level)
        targets = {
            lane: max(bound.floor, min(bound.ceiling, int(shares[lane] * available)))
            for lane, bound in self.bounds.items()
        }
        room, above = available - self.floors, sum(targets.values()) - self.floors
        if above <= room:
            return targets
        return {
            lane: bound.floor + (targets[lane] - bound.floor) * room // above for lane, bound in self.bounds.items()
        }

    def _offer_limits(self, available: int) -> Mapping[Lane, int]:
        """How far offers may fill each lane: to its ceiling at L0, else to its share at the next better level."""
        ceilings = {lane: bound.ceiling for lane, bound in self.bounds.items()}
        if self.level is Level.L0:
            return ceilings
        better = self._shares(Level(self.level - 1))
        # The levels cut what is sent beside the system prompt, not the prompt itself.
        return {
            lane: ceiling if lane is Lane.SYSTEM_POLICY else min(ceiling, int(better[lane] * available))
            for lane, ceiling in ceilings.items()
        }
