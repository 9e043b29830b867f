"""Receipts in lists, and their differences, as messages.

Nothing is decided here.
"""

from servers.governor.domain.differences import Difference
from soma.governor.v1 import receipt_pb2 as receipt_pb


def summary(receipt: receipt_pb.Receipt) -> receipt_pb.ReceiptSummary:
    """A receipt in a list."""
    short = receipt_pb.ReceiptSummary(
        receipt_id=receipt.receipt_id,
        turn_id=receipt.turn_id,
        conversation_id=receipt.conversation_id,
        agent_id=receipt.agent_id,
        model=receipt.model,
        level=receipt.level,
        aiq_predicted=receipt.aiq_predicted.value,
        plan_time=receipt.plan_time,
        owner_sub=receipt.owner_sub,
    )
    if receipt.HasField("settle_time"):
        short.aiq_observed = receipt.aiq_observed.value
        short.tokens = sum(leg.usage.input_tokens + leg.usage.output_tokens for leg in receipt.legs)
        short.cost_micros = receipt.cost_micros
        short.finish_reason = receipt.outcome.finish_reason
        short.settle_time.CopyFrom(receipt.settle_time)
    return short


def difference_message(found: Difference) -> receipt_pb.ReceiptDifference:
    """A difference."""
    return receipt_pb.ReceiptDifference(
        part=found.part, name=found.name, before=found.before, after=found.after, sentence=found.sentence
    )
