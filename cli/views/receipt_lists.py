"""Receipts in a list, and in what two of them differ.

Nothing here prints or asks a service.
"""

from collections.abc import Sequence
from typing import Final

from cli.views.level import level_word
from cli.views.words import NONE, count, moment, money
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb

HEADINGS: Final = ("PLANNED", "LEVEL", "AIQ", "OBSERVED", "TOKENS", "COST", "ENDED", "MODEL", "RECEIPT")
EVERYBODYS_HEADINGS: Final = ("WHOSE", *HEADINGS)
DIFFERENCE_HEADINGS: Final = ("PART", "DIFFERENCE")


def row(receipt: receipt_pb.ReceiptSummary) -> tuple[str, ...]:
    """One receipt under the headings."""
    return (
        moment(receipt, "plan_time"),
        level_word(receipt.level),
        f"{receipt.aiq_predicted:.0f}",
        f"{receipt.aiq_observed:.0f}" if receipt.HasField("aiq_observed") else NONE,
        count(receipt.tokens),
        money(receipt.cost_micros),
        receipt.finish_reason or "not settled",
        receipt.model,
        receipt.receipt_id,
    )


def everybodys_row(receipt: receipt_pb.ReceiptSummary) -> tuple[str, ...]:
    """One receipt of somebody in the tenant, and whose it is."""
    return receipt.owner_sub or NONE, *row(receipt)


def difference_rows(differences: Sequence[receipt_pb.ReceiptDifference]) -> list[tuple[str, ...]]:
    """The differences under their headings; a part is named once."""
    rows: list[tuple[str, ...]] = []
    before = ""
    for each in differences:
        rows.append((each.part if each.part != before else "", each.sentence))
        before = each.part
    return rows


def verdict(rebuilt: turn_pb.RebuildPromptResponse) -> list[str]:
    """Whether a body is what was sent, and what it lacks."""
    if rebuilt.exact:
        return [f"Exact: byte for byte what was sent to {rebuilt.model}, by the digest in the receipt."]
    made = "It is not byte for byte what was sent:" if rebuilt.body else "It cannot be made again:"
    return [made, *(f"  {sentence}" for sentence in rebuilt.missing)]
