"""What recall has learned from feedback: weights with their ranges, and the versions they went through.

Nothing here prints or asks a service.
"""

from collections.abc import Iterator
from typing import Final

from cli.views.words import gauge, moment
from soma.cognitive.v1 import adaptation_service_pb2 as adaptation_pb

WEIGHT_HEADINGS: Final = ("WEIGHT", "VALUE", "● VALUE, ┼ DEFAULT", "DEFAULT", "RANGE", "WHAT IT WEIGHS")
HISTORY_HEADINGS: Final = ("VERSION", "WHEN", "VECTOR", "GRAPH", "RECENCY", "LEXICAL", "TAU", "CAUSE")
# The names of the contract with their defaults, and what formulas and the former service call them.
_WEIGHTS: Final = (
    ("vector", 1.0, "likeness of meaning (alpha)"),
    ("graph", 0.2, "links (beta)"),
    ("recency", 0.1, "how new it is (gamma)"),
    ("lexical", 1.0, "likeness of words"),
    ("temperature", 0.7, "how even scores become (tau)"),
)


def weight_rows(found: adaptation_pb.GetAdaptationStateResponse) -> Iterator[tuple[str, ...]]:
    """The weights of recall under the headings."""
    for name, default, meaning in _WEIGHTS:
        value = getattr(found.state.retrieval, name)
        low, high = getattr(found.minimum, name), getattr(found.maximum, name)
        drawn = gauge(value, default, (low, high))
        yield (name, f"{value:.3f}", drawn, f"{default:g}", f"{low:g}–{high:g}", meaning)


def weights_line(state: adaptation_pb.AdaptationState) -> str:
    """The weights on one line."""
    moved = ", ".join(f"{name} {getattr(state.retrieval, name):.2f} ({default:g})" for name, default, _ in _WEIGHTS)
    return f"Recall weighs: {moved}; defaults in brackets"


def state_lines(state: adaptation_pb.AdaptationState) -> Iterator[str]:
    """Everything else of a state."""
    shares = state.mean_shares
    utility = state.utility
    yield f"Version {state.version}, after {_feedbacks(state.feedback_count)}; learning rate {state.learning_rate:g}"
    yield (
        f"Mean shares: vector {shares.vector:.2f}, graph {shares.graph:.2f}, "
        f"recency {shares.recency:.2f}, lexical {shares.lexical:.2f}"
    )
    yield f"Utility: lambda {utility.benefit:g}, mu {utility.mu:g}, nu {utility.nu:g}"
    if state.cause:
        yield f"{state.cause} ({moment(state, 'time')})"


def _feedbacks(number: int) -> str:
    """1 feedback, 2 feedbacks."""
    return f"{number:,} feedback{'' if number == 1 else 's'}"


def history_row(state: adaptation_pb.AdaptationState) -> tuple[str, ...]:
    """A version under the headings."""
    weights = (f"{getattr(state.retrieval, name):.3f}" for name, _, _ in _WEIGHTS)
    return (str(state.version), moment(state, "time"), *weights, state.cause)
