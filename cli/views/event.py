"""Events as rows, and what a replay did as sentences.

Nothing here prints or asks a service.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from google.protobuf import json_format

from cli.views.words import NONE, count, one_line
from soma.control.v1 import event_service_pb2 as event_pb

HEADINGS: Final = ("TIME (UTC)", "SERVICE", "EVENT", "STREAM", "#", "TRACE", "WHAT")
_WORD: Final = 90


def row(record: event_pb.EventRecord) -> tuple[str, ...]:
    """One event under the headings."""
    return (
        record.time.ToDatetime().strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
        record.service,
        record.event_type,
        record.stream,
        str(record.sequence),
        record.trace_id[:8],
        what(record),
    )


def line(record: event_pb.EventRecord) -> str:
    """One event on one line, as `tail` shows it."""
    time, service, event_type, stream, sequence, trace, details = row(record)
    return f"{time}  {service:<9}  {event_type:<24}  {stream} #{sequence}  {trace}  {details}"


def what(record: event_pb.EventRecord) -> str:
    """The fields of the payload that say something; its message where they are not known here."""
    if not record.HasField("payload"):
        return f"{record.schema.message}, {len(record.payload_bytes)} B"
    fields = json_format.MessageToDict(record.payload)
    return one_line(" ".join(_words(fields)), _WORD) or NONE


def _words(fields: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for name, value in sorted(fields.items()):
        if isinstance(value, Mapping):
            yield from _words(value, f"{above}{name}.")
        elif value not in ("", "0", 0, False, None, []):
            yield f"{above}{name}={_value(value)}"


def _value(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def summary(found: event_pb.ReplayEventsResponse) -> Iterator[str]:
    """What a replay did, or would do."""
    target = found.target or "nobody"
    if not found.target:
        yield f"{count(found.matched)} events fit; nothing was changed."
    elif found.effects:
        yield f"{count(found.done)} events had their effect in {target}; {count(found.had)} were there before."
    else:
        yield (
            f"{count(found.done)} of {count(found.matched)} events are lacking in {target}; nothing was changed. "
            "With --effects they take effect."
        )
    for event_type, amount in sorted(found.done_by_type.items()):
        yield f"  {event_type:<28} {count(amount)}"
    if found.failed:
        yield f"{count(found.failed)} events failed; the log of control says why. A later replay tries them again."
    if found.left:
        yield f"{count(found.left)} events wait in their stream behind one that is not done (`somastack dlq list`)."
