"""The end of a turn in the database: row, message, terminal event, `turn.completed` and intents, at once.

How a turn came to its end is not known here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from servers.chat.domain.rounds import ToldCall
from servers.chat.domain.turn import Step
from servers.chat.tools.stored_calls import calls_json
from servers.chat.turns.store import error_columns
from servers.chat.turns.stream import Numbered, Payload, pack, usage_message
from soma.chat.v1 import turn_event_pb2
from soma.events.v1 import payloads_pb2
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.money import Usage
from soma_common.kernel.tenancy import Caller
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries
from soma_common.tokens import tokenizer_for

_SQL: Final = Queries.of("servers.chat", "sql/turns.sql")

STATUS: Final = {Step.COMPLETED: "completed", Step.FAILED: "failed", Step.CANCELLED: "cancelled"}
FINISH: Final = {
    "stop": turn_event_pb2.FINISH_REASON_STOP,
    "length": turn_event_pb2.FINISH_REASON_LENGTH,
    "tool_calls": turn_event_pb2.FINISH_REASON_TOOL_CALLS,
    "content_filter": turn_event_pb2.FINISH_REASON_CONTENT_FILTER,
}


@dataclass(frozen=True, slots=True)
class Intent:
    """Something another service must still be told, and not before `due`."""

    kind: str
    payload: bytes
    due: datetime


@dataclass(frozen=True, slots=True)
class End:
    """How a turn ended. `step` is its terminal event; `sequence` the number of that event."""

    turn_id: UUID
    caller: Caller
    agent_id: UUID
    conversation_id: UUID | None
    user_message_id: UUID | None
    assistant_message_id: UUID
    lease_epoch: int
    step: Step
    sequence: int
    finish_reason: str
    text: str
    calls: tuple[ToldCall, ...]
    usage: Usage
    cost_micros: int
    receipt_id: UUID | None
    model: str
    tokenizer: str
    now: datetime
    correlation_id: str
    error: SomaError | None = None
    aiq_observed: float | None = None
    intents: Sequence[Intent] = field(default_factory=tuple)

    @property
    def keeps_answer(self) -> bool:
        """Whether there is an answer to keep, whole or partial."""
        return self.step is Step.COMPLETED or bool(self.text or self.calls)

    @property
    def partial(self) -> bool:
        """Whether the answer that is kept is not whole."""
        return self.keeps_answer and self.step is not Step.COMPLETED

    def bare(self, error: SomaError) -> "End":
        """The same end where the answer cannot be kept."""
        return replace(self, step=Step.FAILED, finish_reason="error", text="", calls=(), error=error)

    def payload(self) -> Payload:
        """The terminal event."""
        usage, receipt = usage_message(self.usage), str(self.receipt_id or "")
        message_id = str(self.assistant_message_id) if self.keeps_answer else ""
        if self.step is Step.COMPLETED:
            return turn_event_pb2.TurnCompleted(
                message_id=message_id,
                finish_reason=FINISH[self.finish_reason],
                usage=usage,
                cost_micros=self.cost_micros,
                receipt_id=receipt,
                aiq_observed=self.aiq_observed,
            )
        if self.error is None:
            return turn_event_pb2.TurnCancelled(
                message_id=message_id,
                partial_text_kept=self.partial,
                usage=usage,
                cost_micros=self.cost_micros,
                receipt_id=receipt,
            )
        return turn_event_pb2.TurnFailed(
            reason=self.error.reason.value,
            sentence=self.error.sentence,
            metadata=self.error.metadata,
            partial_text_kept=self.partial,
            message_id=message_id,
            usage=usage,
            cost_micros=self.cost_micros,
            receipt_id=receipt,
            retry_after_seconds=self.error.retry_after_seconds or 0.0,
        )

    def fact(self) -> EventDraft:
        """The event that tells of it."""
        ended = payloads_pb2.TurnEnded(
            turn_id=str(self.turn_id),
            conversation_id=str(self.conversation_id or ""),
            agent_id=str(self.agent_id),
            finish_reason=self.finish_reason,
            error_reason="" if self.error is None else self.error.reason.value,
            usage=usage_message(self.usage),
            cost_micros=self.cost_micros,
            receipt_id=str(self.receipt_id or ""),
        )
        place = f"turn/{self.turn_id}" if self.conversation_id is None else f"conversation/{self.conversation_id}"
        return EventDraft(f"turn.{STATUS[self.step]}", place, ended, self.correlation_id)


@dataclass(frozen=True, slots=True)
class Written:
    """Whether an end was written, and whether another turn is queued behind it."""

    ended: bool
    queue: bool


class Endings:
    """Writes ends, alone or inside a caller's transaction."""

    def __init__(self, events: EventStore, ids: Ids) -> None:
        self._events = events
        self._ids = ids

    async def write(self, connection: Connection, end: End, terminal: Numbered) -> bool:
        """Writes everything; False, and nothing written, when the turn does not run under this epoch any more."""
        return bool(await connection.fetchval(_SQL.end_turn, end.caller.tenant_id, *self._values(end, terminal)))

    async def write_alone(
        self, database: Database, end: End, terminal: Numbered, weights: tuple[float, ...] | None
    ) -> Written:
        """The same in a transaction of one round trip, with the retrieval weights for the agent's next turn."""
        values = self._values(end, terminal, weights)
        (told,) = await database.tenant_statement(end.caller.tenant_id, _SQL.end_turn, *values)
        return Written(bool(told["ended"]), told["next_turn_id"] is not None)

    def _values(self, end: End, terminal: Numbered, weights: tuple[float, ...] | None = None) -> tuple[object, ...]:
        caller = end.caller
        return (
            *_turn_columns(end),
            *_answer_columns(end),
            terminal.sequence,
            pack([terminal]),
            caller.sub,
            sorted(caller.roles),
            sorted(caller.scopes),
            end.correlation_id,
            *self._intent_columns(end.intents),
            end.agent_id,
            weights,
            *self._events.values([end.fact()]),
        )

    def _intent_columns(self, intents: Sequence[Intent]) -> tuple[list[object], ...]:
        return (
            [self._ids.uuid7() for _ in intents],
            [intent.kind for intent in intents],
            [intent.payload for intent in intents],
            [intent.due for intent in intents],
        )

    async def insert_intents(
        self,
        connection: Connection,
        caller: Caller,
        correlation_id: str,
        turn_id: UUID,
        now: datetime,
        intents: Sequence[Intent],
    ) -> None:
        """Writes what another service must still be told."""
        if not intents:
            return
        await connection.execute(
            _SQL.insert_intents,
            caller.tenant_id,
            caller.sub,
            sorted(caller.roles),
            sorted(caller.scopes),
            correlation_id,
            turn_id,
            now,
            *self._intent_columns(intents),
        )


def _turn_columns(end: End) -> tuple[object, ...]:
    reason, metadata, retry_seconds, _ = error_columns(end.error)
    return (
        end.turn_id,
        end.lease_epoch,
        end.now,
        STATUS[end.step],
        end.finish_reason,
        reason,
        metadata,
        retry_seconds,
        end.text if end.conversation_id is None else "",
        calls_json(end.calls),
        end.partial,
        end.receipt_id,
        end.model,
        *_usage_columns(end),
    )


def _answer_columns(end: End) -> tuple[object, ...]:
    place = (end.conversation_id, end.user_message_id, end.assistant_message_id, end.keeps_answer)
    if end.conversation_id is None:
        return (*place, [], 0, "")
    tokenizer = tokenizer_for(end.tokenizer)
    return (*place, [end.text] if end.text else [], tokenizer.count(end.text), tokenizer.name)


def _usage_columns(end: End) -> tuple[int, int, int, int, bool, int]:
    usage = end.usage
    return (
        usage.input_tokens,
        usage.cached_input_tokens,
        usage.output_tokens,
        usage.reasoning_tokens,
        usage.estimated,
        end.cost_micros,
    )
