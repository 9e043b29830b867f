"""Usage as rows, for a table and for CSV.

Nothing here prints or asks a service.
"""

import csv
import io
from typing import Final

from cli.views.words import NONE, count, money
from soma.control.v1 import usage_service_pb2 as usage_pb

HEADINGS: Final = (
    "DAY (UTC)",
    "AGENT",
    "TURNS",
    "FAILED",
    "CANCELLED",
    "TOKENS IN",
    "CACHED",
    "OUT",
    "REASONING",
    "COST",
)
CSV_FIELDS: Final = (
    "day",
    "agent_id",
    "turns",
    "failed_turns",
    "cancelled_turns",
    "input_tokens",
    "cached_input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cost_micros",
)


def row(usage: usage_pb.Usage) -> tuple[str, ...]:
    """One day and agent under the headings; the total has neither."""
    numbers = (
        usage.turns,
        usage.failed_turns,
        usage.cancelled_turns,
        usage.input_tokens,
        usage.cached_input_tokens,
        usage.output_tokens,
        usage.reasoning_tokens,
    )
    return (usage.day or "total", usage.agent_id or NONE, *map(count, numbers), money(usage.cost_micros))


def to_csv(rows: list[usage_pb.Usage]) -> str:
    """The rows with their names above them; money in micros."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CSV_FIELDS)
    writer.writerows([getattr(usage, name) for name in CSV_FIELDS] for usage in rows)
    return text.getvalue().rstrip("\n")
