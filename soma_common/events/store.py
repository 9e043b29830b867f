"""Writes events and their outbox rows inside the caller's transaction, each in its place in its stream; reads the log.

Nothing here publishes: that is the relay's work.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from soma_common.events.facts import Fact, columns
from soma_common.events.models import Event, EventDraft
from soma_common.events.rows import event_of_row
from soma_common.events.ways import FIRST_ID, way_of
from soma_common.kernel.ids import Ids
from soma_common.kernel.paging import Page, Position, unreadable_token
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries
from soma_common.replay.filters import EventFilters
from soma_common.tracing.context import active_trace_id

_SQL = Queries.of("soma_common.events", "sql/events.sql")
_READ_AT_ONCE: Final = 500


class EventStore:
    """The log of one service, in the schema of its house."""

    def __init__(self, service: str, ids: Ids | None = None, on_append: Callable[[], None] | None = None) -> None:
        """`on_append` is called when events are about to be written and committed: the hint for a relay."""
        self._service = service
        self._ids = ids or Ids()
        self._on_append = on_append

    async def append(self, connection: Connection, tenant_id: TenantId, drafts: Sequence[EventDraft]) -> list[Event]:
        """Write facts in the caller's transaction, in one statement; returns them with their places, in this order.

        Per tenant and stream the sequence is dense and the time rises by at least a microsecond: both are taken under
        the stream's row lock, which is held until the transaction ends, so append last. The trace id is the active
        one. Raises ValueError for a payload without content.
        """
        if not drafts:
            return []
        facts, trace_id = self._facts(drafts)
        rows = await connection.fetch(_SQL.append, tenant_id, self._service, trace_id, *columns(facts))
        return [
            fact.event(self._service, tenant_id, row["sequence"], row["event_time"])
            for fact, row in zip(facts, rows, strict=True)
        ]

    def values(self, drafts: Sequence[EventDraft]) -> tuple[Any, ...]:
        """What `append_events` takes after the tenant, for a statement that writes facts beside the change itself.

        Raises ValueError for a payload without content.
        """
        facts, trace_id = self._facts(drafts)
        return (self._service, trace_id, *columns(facts))

    def _facts(self, drafts: Sequence[EventDraft]) -> tuple[list[Fact], str]:
        if self._on_append is not None:
            self._on_append()
        trace_id = active_trace_id()
        return [Fact.of(draft, self._ids.uuid7(), trace_id) for draft in drafts], trace_id

    async def query(self, connection: Connection, filters: EventFilters, page: Page) -> list[Event]:
        """What this house wrote and the filters mean, in the order of time.

        A page goes on behind `place_of` the last event of the one before it. Raises SomaError(INVALID_FIELD) for a page
        that begins at no place of an event.
        """
        statement, words = way_of(_SQL, filters)
        place = (filters.first_time, FIRST_ID) if page.after is None else _place_in(page.after)
        common = (filters.end_time, filters.service, page.size)
        found: list[Event] = []
        while True:
            rows = await connection.fetch(statement, filters.tenant_id, *place, *common, *words)
            found += [event for event in map(event_of_row, rows) if filters.matches(event)]
            if len(rows) < page.size or len(found) >= page.size:
                return found[: page.size]
            place = (rows[-1]["event_time"], rows[-1]["event_id"])

    async def stream(
        self, database: Database, tenant_id: TenantId, name: str, from_sequence: int = 1
    ) -> AsyncGenerator[Event, None]:
        """The events of one stream from a place on, up to its end now; no transaction is open between two of them."""
        behind = from_sequence
        while True:
            async with database.transaction(tenant_id) as connection:
                rows = await connection.fetch(_SQL.read_stream, tenant_id, name, behind, _READ_AT_ONCE)
            for row in rows:
                yield event_of_row(row)
            if len(rows) < _READ_AT_ONCE:
                return
            behind = rows[-1]["sequence"] + 1


def place_of(event: Event) -> tuple[Position, ...]:
    """Where the next page of `EventStore.query` begins when this event was the last one."""
    return (event.timestamp.isoformat(), str(event.event_id))


def _place_in(after: Sequence[Position]) -> tuple[datetime, UUID]:
    try:
        time, event_id = after
        return datetime.fromisoformat(str(time)), UUID(str(event_id))
    except ValueError:
        raise unreadable_token() from None
