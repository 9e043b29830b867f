"""Small values of contracts as the JSON faces show them: levels, usage, lanes, money.

Nothing here knows frames or requests.
"""

from datetime import UTC, datetime
from functools import lru_cache

from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from soma.chat.v1 import turn_event_pb2
from soma.common.v1 import level_pb2, usage_pb2
from soma.governor.v1 import plan_pb2


def word_of(kind: EnumDescriptor, number: int, prefix: str) -> str:
    """The name of an enum's value without its prefix, in lower case; empty for the unset one and for strangers."""
    value = kind.values_by_number.get(number)
    short = "" if value is None else value.name.removeprefix(prefix).lower()
    return "" if short == "unspecified" else short


def level_name(level: int) -> str:
    """`L0` to `L4`; empty when unset."""
    return word_of(level_pb2.DegradationLevel.DESCRIPTOR, level, "DEGRADATION_LEVEL_").upper()


def finish_reason(number: int) -> str:
    """`stop`, `length`, `tool_calls` or `content_filter`; empty when unset."""
    return word_of(turn_event_pb2.FinishReason.DESCRIPTOR, number, "FINISH_REASON_")


def to_usage(usage: usage_pb2.TokenUsage) -> dict[str, object]:
    """The tokens of a turn."""
    return {**_numbers(usage, usage_pb2.TokenUsage), "total_tokens": usage.input_tokens + usage.output_tokens}


def to_lanes(lanes: plan_pb2.LaneTokens) -> dict[str, object]:
    """The tokens of the six lanes."""
    return _numbers(lanes, plan_pb2.LaneTokens)


def cost(micros: int) -> dict[str, str]:
    """Money, as text, since it may be larger than a number of JSON."""
    return {"micros": str(micros)}


@lru_cache(maxsize=16)
def _written_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19]


def written_time(time: Timestamp) -> str:
    """As JSON of the contract writes it, `2026-01-02T03:04:05.678Z`, but quickly: every chunk has one."""
    second, nanos = _written_second(time.seconds), time.nanos
    if not nanos:
        return f"{second}Z"
    if nanos % 1_000_000 == 0:
        return f"{second}.{nanos // 1_000_000:03d}Z"
    if nanos % 1_000 == 0:
        return f"{second}.{nanos // 1_000:06d}Z"
    return f"{second}.{nanos:09d}Z"


def _numbers(message: Message, kind: type[Message]) -> dict[str, object]:
    return {field.name: getattr(message, field.name) for field in kind.DESCRIPTOR.fields}
