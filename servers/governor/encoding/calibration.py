"""Calibrations as messages, and receipts whose answer was rated.

Nothing is decided here.
"""

from servers.governor.decoding.ledger import outcome_of
from servers.governor.domain.aiq import AiqObservation, Outcome
from servers.governor.domain.calibration import BIN_WIDTH, Calibration
from servers.governor.encoding.receipts import observation_message
from soma.governor.v1 import config_pb2 as config_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb


def calibration_message(calibration: Calibration) -> config_pb.Calibration:
    """How well AIQ was predicted for a model."""
    message = config_pb.Calibration(
        model=calibration.model,
        turns=calibration.turns,
        mean_error=calibration.mean_error,
        mean_absolute_error=calibration.mean_absolute_error,
        expected_calibration_error=calibration.expected_calibration_error,
    )
    for each in calibration.bins:
        part = message.bins.add(turns=each.turns, mean_predicted=each.mean_predicted, mean_observed=each.mean_observed)
        setattr(part, "from", float(each.number * BIN_WIDTH))
    return message


def settled_outcome(settlement: bytes) -> Outcome:
    """How a turn ended, from the second half of its receipt."""
    return outcome_of(receipt_pb.Receipt.FromString(settlement))


def rated_settlement(settlement: bytes, feedback: bool | None, observed: AiqObservation) -> bytes:
    """The second half of a receipt with what a person said, and what is observed by it."""
    receipt = receipt_pb.Receipt.FromString(settlement)
    receipt.aiq_observed.CopyFrom(observation_message(observed))
    if feedback is None:
        receipt.ClearField("feedback")
    else:
        receipt.feedback = feedback
    return receipt.SerializeToString(deterministic=True)
