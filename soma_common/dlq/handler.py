"""What people and services do with dead letters: keep, list, look at, try again, give up; each is told as an event.

The consumer itself tries again; nothing here runs an effect.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from uuid import UUID

from google.protobuf.message import DecodeError

from soma.events.v1 import event_pb2 as event_pb
from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.dlq.letters import DeadLetter, Failure, LetterPlace, capture, go_past
from soma_common.dlq.policy import Decision, LetterPolicy, LetterStatus
from soma_common.events.codec import from_message
from soma_common.events.models import Event, EventDraft
from soma_common.events.store import EventStore
from soma_common.events.transports.port import Delivery
from soma_common.kernel.errors import SomaError, invalid_field
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

_SQL = Queries.of("soma_common.dlq", "sql/letters.sql")
BATCH: Final = 500
T = TypeVar("T")
_BEGINNING: Final = (None, "")


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """Which letters are meant; None means any. `event_ids` are the first and the last of a range."""

    consumer: str | None = None
    status: LetterStatus | None = None
    stream: str | None = None
    event_ids: tuple[UUID, UUID] | None = None
    without_discarded: bool = False

    @property
    def values(self) -> tuple[str | None, str | None, str | None, UUID | None, UUID | None, bool]:
        """What the statement of the list takes."""
        status = None if self.status is None else self.status.value
        first, last = self.event_ids or (None, None)
        return self.consumer, status, self.stream, first, last, self.without_discarded


class DLQHandler:
    """The dead letters of one house."""

    def __init__(self, database: Database, events: EventStore) -> None:
        self._database = database
        self._events = events

    async def capture_failed_event(
        self, consumer: str, delivery: Delivery, event: Event, failure: Failure, attempts: int, policy: LetterPolicy,
        chance: float = 0.0,
    ) -> Decision:  # fmt: skip
        """Keep an event whose effect failed for the `attempts`-th time; returns what becomes of it."""
        decision = policy.after(attempts, chance)

        async def work(connection: Connection) -> None:
            if policy.passes:
                await go_past(connection, consumer, event)
            await self.keep(connection, consumer, event, delivery, failure, attempts, decision)

        await self._database.run(event.tenant_id, work)
        return decision

    async def keep(
        self, connection: Connection, consumer: str, event: Event, delivery: Delivery, failure: Failure, attempts: int,
        decision: Decision,
    ) -> None:  # fmt: skip
        """Keep an event in the caller's transaction, as was decided; one that is parked is told of."""
        kept = await capture(connection, consumer, event, delivery, failure, attempts, decision)
        if not kept or decision.status is not LetterStatus.PARKED:
            return
        changed = payloads_pb.DeadLetterChanged(
            consumer=consumer,
            event_id=str(event.event_id),
            stream=event.stream,
            sequence=event.sequence,
            error_class=failure.error_class,
            error_id=failure.error_id,
            attempts=attempts,
        )
        draft = _draft("parked", changed, event.correlation_id)
        await self._events.append(connection, event.tenant_id, [draft])

    async def list_dlq_events(
        self, tenant_id: TenantId, wanted: LetterFilter, page_size: int = 50, after: LetterPlace | None = None
    ) -> list[DeadLetter]:
        """Letters of a tenant, the oldest event first, behind one of an earlier page."""
        place = after or _BEGINNING
        async with self._database.transaction(tenant_id) as connection:
            rows = await connection.fetch(_SQL.list_letters, tenant_id, *wanted.values, *place, page_size)
        return [DeadLetter.of_row(row) for row in rows]

    async def get(self, tenant_id: TenantId, consumer: str, event_id: UUID) -> DeadLetter:
        """One letter. Raises SomaError(RESOURCE_NOT_FOUND)."""
        async with self._database.transaction(tenant_id) as connection:
            row = await connection.fetchrow(_SQL.find, tenant_id, consumer, event_id)
        return DeadLetter.of_row(_found(row, event_id))

    async def retry_event(
        self,
        tenant_id: TenantId,
        consumer: str,
        event_id: UUID,
        by: str,
        edited_body: bytes | None = None,
        connection: "Connection | None" = None,
    ) -> DeadLetter:
        """Have the consumer try it again at once, with other bytes if some are given; the original stays.

        With a connection it is part of the caller's transaction. Raises SomaError(RESOURCE_NOT_FOUND) for one that is
        not there, waits for another or was discarded, SomaError(INVALID_FIELD) for bytes that are not this event.
        """

        async def work(it: Connection) -> DeadLetter:
            if edited_body is not None:
                row = await it.fetchrow(_SQL.find, tenant_id, consumer, event_id)
                _check_edited(DeadLetter.of_row(_found(row, event_id)), edited_body)
            row = await it.fetchrow(_SQL.retry, tenant_id, consumer, event_id, edited_body)
            letter = DeadLetter.of_row(_found(row, event_id))
            await self._tell_of(it, tenant_id, [letter], "retried", by, edited=edited_body is not None)
            return letter

        return await self._within(connection, tenant_id, work)

    async def retry_batch(
        self,
        tenant_id: TenantId,
        wanted: LetterFilter,
        by: str,
        most: int = BATCH,
        after: LetterPlace | None = None,
        connection: "Connection | None" = None,
    ) -> list[DeadLetter]:
        """Have those that are parked and meant tried again, the oldest event first, behind one of an earlier batch.

        With a connection it is part of the caller's transaction.
        """

        async def work(it: Connection) -> list[DeadLetter]:
            place = after or _BEGINNING
            rows = await it.fetch(_SQL.retry_parked, tenant_id, wanted.consumer, wanted.stream, *place, most)
            letters = sorted((DeadLetter.of_row(row) for row in rows), key=lambda letter: letter.place)
            await self._tell_of(it, tenant_id, letters, "retried", by, edited=False)
            return letters

        return await self._within(connection, tenant_id, work)

    async def discard(
        self, tenant_id: TenantId, consumer: str, event_id: UUID, by: str, connection: "Connection | None" = None
    ) -> DeadLetter:
        """Give an event up: it will never have its effect, and its stream goes on. Raises as `retry_event`."""

        async def work(it: Connection) -> DeadLetter:
            row = await it.fetchrow(_SQL.discard, tenant_id, consumer, event_id)
            letter = DeadLetter.of_row(_found(row, event_id))
            await it.execute(_SQL.note_done, consumer, event_id, tenant_id)
            await it.execute(_SQL.go_past, consumer, tenant_id, letter.stream, letter.sequence)
            await it.execute(_SQL.call_first, consumer, tenant_id, letter.stream)
            await self._tell_of(it, tenant_id, [letter], "discarded", by, edited=False)
            return letter

        return await self._within(connection, tenant_id, work)

    async def claim(self, consumer: str, policy: LetterPolicy, limit: int, lease_seconds: float) -> list[DeadLetter]:
        """Letters of all tenants whose time has come, for the consumer that tries them again."""
        rows = await self._database.worker_statement(_SQL.claim, consumer, policy.passes, lease_seconds, limit)
        return [DeadLetter.of_row(row) for row in rows]

    async def call_waiting(self, consumer: str) -> None:
        """Call those that wait behind nothing any more: what was resolved while they were put there."""
        await self._database.worker_statement(_SQL.call_first, consumer, None, None)

    async def parked(self) -> dict[str, int]:
        """How many events of all tenants each consumer has parked; consumers without any are not named."""
        return {row["consumer"]: row["amount"] for row in await self._database.worker_statement(_SQL.count_parked)}

    async def _within(
        self, connection: "Connection | None", tenant_id: TenantId, work: Callable[[Connection], Awaitable[T]]
    ) -> T:
        return await (self._database.run(tenant_id, work) if connection is None else work(connection))

    async def _tell_of(
        self,
        connection: Connection,
        tenant: TenantId,
        letters: Sequence[DeadLetter],
        what: str,
        by: str,
        *,
        edited: bool,
    ) -> None:
        changes = [
            payloads_pb.DeadLetterChanged(
                consumer=letter.consumer,
                event_id=str(letter.event_id),
                stream=letter.stream,
                sequence=letter.sequence,
                error_class=letter.error_class,
                error_id=letter.error_id,
                attempts=letter.attempts,
                changed_by=by,
                edited=edited,
            )
            for letter in letters
        ]
        await self._events.append(connection, tenant, [_draft(what, change, change.event_id) for change in changes])


def _draft(what: str, change: payloads_pb.DeadLetterChanged, correlation_id: str) -> EventDraft:
    return EventDraft(f"dead_letter.{what}", f"dead-letter/{change.consumer}", change, correlation_id)


def _found(row: object, event_id: UUID) -> object:
    if row is None:
        raise SomaError(Reason.RESOURCE_NOT_FOUND, {"resource": "dead letter that can be changed", "id": str(event_id)})
    return row


def _check_edited(letter: DeadLetter, edited_body: bytes) -> None:
    """Another payload is fine; another event is not."""
    try:
        edited = event_pb.Event.FromString(edited_body)
    except DecodeError:
        raise invalid_field("edited_body", "it must be a serialised soma.events.v1.Event") from None
    same = (str(letter.event_id), str(letter.tenant_id), letter.stream, letter.sequence)
    if (edited.event_id, edited.tenant_id, edited.stream, edited.sequence) != same:
        raise invalid_field("edited_body", "its event_id, tenant_id, stream and sequence must stay as they were")
    try:
        from_message(edited)
    except ValueError as problem:
        raise invalid_field("edited_body", f"it must be a whole event: {problem}") from None
