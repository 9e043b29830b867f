"""Money in micros (millionths of a US dollar), prices and what a use of tokens costs.

Nothing here knows a model, a budget or a message.
"""

from dataclasses import dataclass
from typing import Final, NewType

Micros = NewType("Micros", int)

_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """Micros per million tokens; zero means free. Reasoning at zero is billed as output."""

    input: int = 0
    cached_input: int = 0
    output: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one or several model calls; cached are among the input, reasoning among the output."""

    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: bool = False

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input_tokens + other.input_tokens,
            self.cached_input_tokens + other.cached_input_tokens,
            self.output_tokens + other.output_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            self.estimated or other.estimated,
        )


def cost(price: Price, usage: Usage) -> Micros:
    """What a use costs, in micros, rounded up so that a sum of costs never falls below the true cost."""
    cached = min(usage.cached_input_tokens, usage.input_tokens)
    reasoning = min(usage.reasoning_tokens, usage.output_tokens)
    total = (
        (usage.input_tokens - cached) * price.input
        + cached * price.cached_input
        + (usage.output_tokens - reasoning) * price.output
        + reasoning * (price.reasoning or price.output)
    )
    return Micros(-(-total // _MILLION))


def most_cost(price: Price, input_tokens: int, max_output_tokens: int) -> Micros:
    """The most that a call can cost, in micros: nothing cached, the answer as long as allowed, all at its dearest."""
    total = input_tokens * max(price.input, price.cached_input)
    total += max_output_tokens * max(price.output, price.reasoning)
    return Micros(-(-total // _MILLION))
