"""The events of a turn's stream: making them, and the bytes they are kept and sent as. One serialisation serves both.

Nothing here numbers by itself, stores or sends.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from servers.chat.domain.model import ToolCallPart
from servers.chat.domain.turn import TERMINAL, Step
from soma.chat.v1 import turn_event_pb2
from soma.common.v1 import usage_pb2
from soma_common.kernel.clock import seconds_and_nanos
from soma_common.kernel.money import Usage

Payload = (
    turn_event_pb2.TurnStarted
    | turn_event_pb2.TextDelta
    | turn_event_pb2.ReasoningDelta
    | turn_event_pb2.ToolCallStarted
    | turn_event_pb2.ToolCallFinished
    | turn_event_pb2.ApprovalRequested
    | turn_event_pb2.ApprovalResolved
    | turn_event_pb2.Notice
    | turn_event_pb2.TurnCompleted
    | turn_event_pb2.TurnFailed
    | turn_event_pb2.TurnCancelled
)
# Step and the field of TurnEvent that carries it have the same name.
_STEPS: Final = {step.value: step for step in Step}


@dataclass(frozen=True, slots=True)
class Numbered:
    """One event that has its number; `text` is the delta of a text event, else empty."""

    step: Step
    sequence: int
    data: bytes
    text: str = ""
    first_sequence: int = 0

    @property
    def first(self) -> int:
        """The number of the first event it stands for."""
        return self.first_sequence or self.sequence

    @property
    def ends(self) -> bool:
        """Whether nothing follows it."""
        return self.step in TERMINAL


def numbered(turn_id: str, sequence: int, time: datetime, step: Step, payload: Payload) -> Numbered:
    """The event with its bytes."""
    event = turn_event_pb2.TurnEvent(turn_id=turn_id, sequence=sequence)
    event.time.seconds, event.time.nanos = seconds_and_nanos(time)
    getattr(event, step.value).MergeFrom(payload)
    text = payload.text if isinstance(payload, turn_event_pb2.TextDelta) else ""
    return Numbered(step, sequence, event.SerializeToString(), text)


def merge_texts(run: list[Numbered]) -> Numbered:
    """Consecutive text events as one that covers all their numbers."""
    if len(run) == 1:
        return run[0]
    event = turn_event_pb2.TurnEvent.FromString(run[-1].data)
    event.first_sequence = run[0].first
    event.text.text = text = "".join(each.text for each in run)
    return Numbered(Step.TEXT, run[-1].sequence, event.SerializeToString(), text, run[0].first)


def merged(events: Iterable[Numbered]) -> Iterator[Numbered]:
    """The same events with neighbouring text deltas merged, for a reader that lags."""
    run: list[Numbered] = []
    for event in events:
        if event.step is Step.TEXT:
            run.append(event)
            continue
        if run:
            yield merge_texts(run)
            run = []
        yield event
    if run:
        yield merge_texts(run)


def pack(events: Iterable[Numbered]) -> bytes:
    """Length-delimited bytes, as the journal keeps them."""
    return b"".join(part for event in events for part in (_varint(len(event.data)), event.data))


def unpack(data: bytes) -> list[Numbered]:
    """The events in a row of the journal."""
    events: list[Numbered] = []
    position = 0
    while position < len(data):
        length, position = _read_varint(data, position)
        events.append(read(data[position : position + length]))
        position += length
    return events


def read(data: bytes) -> Numbered:
    """One serialised event."""
    event = turn_event_pb2.TurnEvent.FromString(data)
    step = _STEPS[event.WhichOneof("event") or ""]
    return Numbered(step, event.sequence, data, event.text.text, event.first_sequence)


def tool_calls(event: Numbered) -> tuple[ToolCallPart, ...]:
    """The call in an event that carries one."""
    call = turn_event_pb2.TurnEvent.FromString(event.data).tool_call.call
    return (ToolCallPart(call.call_id, call.name, call.arguments_json),) if call.call_id else ()


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position
        shift += 7


def usage_message(usage: Usage) -> usage_pb2.TokenUsage:
    """The usage as a message."""
    return usage_pb2.TokenUsage(
        input_tokens=usage.input_tokens,
        cached_input_tokens=usage.cached_input_tokens,
        output_tokens=usage.output_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        estimated=usage.estimated,
    )
