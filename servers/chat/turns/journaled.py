"""What is written of a turn that is not over: the events it told, and what it has used, call by call.

For whoever goes on with it and whoever ends it in another's place. Nothing here writes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from servers.chat.domain.model import ToolCallPart
from servers.chat.domain.sizes import Tokenizer, calls_tokens
from servers.chat.domain.turn import Step
from servers.chat.turns.settlement import open_leg
from servers.chat.turns.store import TurnRow, journal_rows
from servers.chat.turns.stream import Numbered, tool_calls, unpack
from soma.chat.v1 import turn_event_pb2
from soma.common.v1 import usage_pb2
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb
from soma_common.kernel.money import Usage
from soma_common.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class Journaled:
    """The events, dense from 1; the last draft of the settlement, and the number of the last event before it."""

    events: tuple[Numbered, ...]
    draft: governor_pb.SettleTurnRequest | None = None
    draft_sequence: int = 0

    @property
    def started(self) -> turn_event_pb2.TurnStarted | None:
        """How it began, if that was told."""
        first = self.events[0] if self.events else None
        return None if first is None else turn_event_pb2.TurnEvent.FromString(first.data).started

    @property
    def text(self) -> str:
        """What was said."""
        return "".join(event.text for event in self.events)

    def usage(self, leg: receipt_pb.ModelLeg, tokenizer: Tokenizer) -> Usage:
        """What a call of the draft used; where nobody saw its end, as much as stands here of what it wrote."""
        usage = usage_of(leg.usage)
        if self.draft is None or leg.leg != open_leg(self.draft):
            return usage
        since = [event for event in self.events if event.sequence > self.draft_sequence]
        reasoning = tokenizer.count("".join(reasoning_of(event) for event in since))
        text = tokenizer.count("".join(event.text for event in since))
        calls = calls_tokens(calls_of_events(since), tokenizer)
        return Usage(usage.input_tokens, 0, text + calls + reasoning, reasoning, estimated=True)


async def read_journaled(connection: Connection, row: TurnRow) -> Journaled:
    """What is written of a turn that this transaction has locked."""
    events: list[Numbered] = []
    draft = row.draft
    while batch := await journal_rows(connection, row.turn_id, events[-1].sequence if events else 0):
        for entry in batch:
            draft = draft or entry.settlement
            events.extend(unpack(entry.events))
    if draft is None:
        return Journaled(tuple(events))
    return Journaled(tuple(events), governor_pb.SettleTurnRequest.FromString(draft), row.draft_sequence)


def reasoning_of(event: Numbered) -> str:
    """The reasoning in an event that carries some, else nothing."""
    if event.step is not Step.REASONING:
        return ""
    return turn_event_pb2.TurnEvent.FromString(event.data).reasoning.text


def calls_of_events(events: Sequence[Numbered]) -> tuple[ToolCallPart, ...]:
    """The calls of tools that the model made."""
    return tuple(call for event in events if event.step is Step.TOOL_CALL for call in tool_calls(event))


def usage_of(message: usage_pb2.TokenUsage) -> Usage:
    """A usage as a value."""
    return Usage(
        message.input_tokens,
        message.cached_input_tokens,
        message.output_tokens,
        message.reasoning_tokens,
        message.estimated,
    )
