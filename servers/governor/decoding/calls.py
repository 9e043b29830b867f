"""What a model call may take and cost, from messages.

Nothing is checked here that the contract's own rules check before a call arrives.
"""

from typing import Final

from soma.common.v1 import usage_pb2 as usage_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb
from soma_common.kernel.money import Price

DEFAULT_TIMEOUT_SECONDS: Final = 300
# A use is booked whatever a provider says of it, but no call costs more than a thousand million dollars.
MOST_LEG_MICROS: Final = 10**15


def price(message: usage_pb.Price) -> Price:
    """Prices of a model."""
    return Price(
        message.input_micros_per_million,
        message.cached_input_micros_per_million,
        message.output_micros_per_million,
        message.reasoning_micros_per_million,
    )


def timeout_seconds(seconds: int) -> int:
    """How long the work may take; 0 stands for the default."""
    return seconds or DEFAULT_TIMEOUT_SECONDS


def leg_micros(leg: receipt_pb.ModelLeg) -> int:
    """What a model call cost."""
    return min(leg.cost_micros, MOST_LEG_MICROS)
