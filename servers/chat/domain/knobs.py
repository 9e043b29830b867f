"""What an agent's three knobs mean for a turn, and how far a request may override it.

Tables and arithmetic only; what the agent's state makes of the values is the cognitive service's affair.
"""

from dataclasses import dataclass
from typing import Final

TOP_P: Final = 1.0
MAX_RETRIES: Final = 2


@dataclass(frozen=True, slots=True)
class Knobs:
    """The settings of a turn before modulation. `turn_token_limit` bounds its input and output together."""

    temperature: float
    max_output_tokens: int
    max_tool_rounds: int
    recall_limit: int
    model_tier: str
    turn_token_limit: int


# intelligence up to and including … → temperature, longest answer, rounds, recall limit, tier
_BY_INTELLIGENCE: Final = (
    (3, (0.3, 512, 1, 5, "budget")),
    (6, (0.7, 2048, 2, 15, "standard")),
    (8, (0.8, 4096, 3, 25, "premium")),
    (10, (0.9, 8192, 5, 50, "flagship")),
)
# micros per turn below … → tokens per turn
_BY_RESOURCE: Final = ((100_000, 1_000), (500_000, 10_000), (2_000_000, 50_000))
_MOST_TURN_TOKENS: Final = 100_000


def derive(intelligence: int, resource_micros_per_turn: int) -> Knobs:
    """The settings for an intelligence of 1-10 and what one turn may cost."""
    row = next(values for highest, values in _BY_INTELLIGENCE if intelligence <= highest)
    tokens = next((limit for below, limit in _BY_RESOURCE if resource_micros_per_turn < below), _MOST_TURN_TOKENS)
    return Knobs(*row, turn_token_limit=tokens)


def longest_answer(knobs: Knobs, wished: int | None, profile_limit: int) -> int:
    """The longest answer to ask for: the request's wish wins over the knob, the model's limit over both."""
    return max(1, min(profile_limit, wished or knobs.max_output_tokens))
