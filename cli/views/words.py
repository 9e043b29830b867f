"""Small pieces that every view is made of: money, moments, bars, gauges, names of enums, JSON.

Nothing here prints.
"""

import json
import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, Final

from google.protobuf import json_format
from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

_UNSEEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_MICROS: Final = 1_000_000
NONE: Final = "–"
_SHORTEST_ID: Final = 8


def to_object(message: Message) -> dict[str, Any]:
    """The message as JSON values, the same as REST answers: snake_case, int64 as text, enums by name."""
    found: dict[str, Any] = json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return found


def to_json(value: Message | dict[str, Any]) -> str:
    """One line of JSON for programs."""
    return json.dumps(to_object(value) if isinstance(value, Message) else value, ensure_ascii=False)


def enum_word(enum: EnumDescriptor, value: int, prefix: str) -> str:
    """The name of an enum's value without what all of its names begin with; its number where it has no name here."""
    known = enum.values_by_number.get(value)
    return str(known.name).removeprefix(prefix) if known else str(value)


def money(micros: int) -> str:
    """Micros as US dollars with six digits: 0.000123."""
    sign = "-" if micros < 0 else ""
    return f"{sign}{abs(micros) // _MICROS}.{abs(micros) % _MICROS:06d}"


def count(number: int) -> str:
    """A number with its thousands apart: 12,345."""
    return f"{number:,}"


def moment(holder: Message, field: str) -> str:
    """A moment in UTC to the second, or a dash where it is absent."""
    if not holder.HasField(field):
        return NONE
    stamp: Timestamp = getattr(holder, field)
    return stamp.ToDatetime().strftime("%Y-%m-%d %H:%M:%S UTC")


def short_ids(ids: Iterable[str]) -> dict[str, str]:
    """Each id with its shortest beginning that no other of them has, so that it can be typed; eight digits at least."""
    ordered = sorted(set(ids))
    needed = dict.fromkeys(ordered, _SHORTEST_ID)
    for one, next_one in pairwise(ordered):
        different = next((n for n, pair in enumerate(zip(one, next_one, strict=False)) if len(set(pair)) > 1), len(one))
        for each in (one, next_one):
            needed[each] = max(needed[each], different + 1)
    return {each: each[:length] for each, length in needed.items()}


def bar(planned: int, used: int, most: int, width: int = 24) -> str:
    """Planned as an outline, used as its fill, against the largest of all bars: ████░░░."""
    if most <= 0:
        return ""
    filled = _cells(used, most, width)
    outlined = max(_cells(planned, most, width) - filled, 0)
    return "█" * filled + "░" * outlined


def gauge(value: float, baseline: float, ends: tuple[float, float], width: int = 31) -> str:
    """A range as a line, the baseline as a tick, the value as a dot: ├────┼──●───┤."""
    cells = ["─"] * width
    cells[_place(baseline, ends, width)] = "┼"
    cells[_place(value, ends, width)] = "●"
    return f"├{''.join(cells)}┤"


def visible(text: str) -> str:
    """A text of others with what would move the cursor or turn the direction of reading written out."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text.replace("\r\n", "\n"))


def one_line(text: str, most: int) -> str:
    """The beginning of a text on one line."""
    flat = " ".join(visible(text).split())
    return flat if len(flat) <= most else f"{flat[: most - 1]}…"


def _cells(amount: int, most: int, width: int) -> int:
    """What is more than nothing has at least one cell."""
    return max(1, min(width, round(amount * width / most))) if amount > 0 else 0


def _place(value: float, ends: tuple[float, float], width: int) -> int:
    low, high = ends
    share = (value - low) / (high - low) if high > low else 0.0
    return round(min(max(share, 0.0), 1.0) * (width - 1))
