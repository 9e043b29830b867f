"""Writes events and their outbox rows inside the caller's transaction, each in its place in its stream.

Nothing here publishes: that is the relay's work.
"""

from collections.abc import Callable, Sequence
from typing import Any

from soma_common.events.facts import Fact, columns
from soma_common.events.models import Event, EventDraft
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries
from soma_common.tracing.context import active_trace_id

_SQL = Queries.of("soma_common.events", "sql/events.sql")


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
