"""Messages about sleep as values. Nothing is decided here."""

from datetime import timedelta

from servers.cognitive.domain.sleeping import SleepState
from servers.cognitive.sleeping.transitions import Order
from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb


def order_of(request: sleep_pb.TransitionSleepRequest) -> Order:
    """Where an agent shall be brought; the contract admits no word that is no state."""
    ttl = timedelta(seconds=request.ttl_seconds) if request.ttl_seconds else None
    return Order(SleepState[request.target_state.upper()], ttl, request.wake, request.trace_id)
