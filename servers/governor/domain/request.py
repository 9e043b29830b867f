"""What the planner is told: the sizes of everything that could be sent, and the snapshot it plans from.

Values only; nothing here computes, and no text of a person is kept beyond the terms of the query.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from servers.governor.domain.ledger import BudgetState
from servers.governor.domain.levels import LevelState, Observation
from servers.governor.domain.rules import DEFAULT_RULES, Level, PlannerRules, Risk
from soma_common.kernel.money import Price


@dataclass(frozen=True, slots=True)
class ToolCandidate:
    """A tool that could be offered; `schema_tokens` is its size in the prompt.

    `only_when_relevant`: it is left out where it does not fit the query, even if there is room.
    """

    name: str
    description: str
    parameter_names: tuple[str, ...]
    schema_tokens: int
    only_when_relevant: bool = False


@dataclass(frozen=True, slots=True)
class Candidates:
    """Sizes in tokens of everything that could go into the window; `memory_scores` are 0-1, None where unknown.

    `tool_similarities` tell how alike each tool and the query are, −1 to 1; none where nobody looked.
    """

    system_prompt_tokens: int = 0
    policy_tokens: int = 0
    history_tokens: tuple[int, ...] = ()
    memory_tokens: int = 0
    memory_scores: tuple[float | None, ...] = ()
    tools: tuple[ToolCandidate, ...] = ()
    tool_similarities: tuple[float, ...] = ()
    tool_result_tokens: int = 0
    user_message_tokens: int = 0
    framing_tokens: int = 0

    @property
    def fixed_tokens(self) -> int:
        """What is sent whatever the plan: the user's message and the framing."""
        return self.user_message_tokens + self.framing_tokens


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """One turn as the planner sees it; `turn_token_limit` 0 is no bound, `min_level` None accepts any level."""

    model: str
    window_tokens: int
    max_output_tokens: int
    price: Price = field(default_factory=Price)
    candidates: Candidates = Candidates()
    query: str = ""
    risk: Risk = Risk.NORMAL
    turn_token_limit: int = 0
    features_off: frozenset[str] = frozenset()
    tool_k_delta: int = 0
    history_share_delta: float = 0.0
    sleep_state: str = ""
    min_level: Level | None = None

    @property
    def capacity_tokens(self) -> int:
        """The tokens this turn may use for prompt and answer together."""
        return min(self.window_tokens, self.turn_token_limit) if self.turn_token_limit else self.window_tokens


@dataclass(frozen=True, slots=True)
class CallCounts:
    """How often something was tried and how often it went well."""

    attempts: int
    successes: int


@dataclass(frozen=True, slots=True)
class OutputCounts:
    """How many turns of a model were settled and how long their answers were together."""

    turns: int = 0
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything besides the request that a plan depends on. Same request and same snapshot: same plan.

    `check_due`: whether this plan counts as a good check if it is one.
    """

    observations: tuple[Observation, ...] = ()
    budgets: tuple[BudgetState, ...] = ()
    level_state: LevelState = field(default_factory=LevelState)
    check_due: bool = True
    tool_calls: Mapping[str, CallCounts] = field(default_factory=dict)
    output: OutputCounts = OutputCounts()
    rules: PlannerRules = DEFAULT_RULES
    # of the turn's user, agent and conversation: they speak of this turn only, those above of the tenant
    scoped_budgets: tuple[BudgetState, ...] = ()
