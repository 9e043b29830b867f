"""Publishes facts that stand alone: one statement and one commit for what many callers bring at about the same time.

Nothing here knows a transport. Facts that tell of a change are written beside it, by the store.
"""

import asyncio
from collections.abc import Callable
from typing import Self

from soma_common.events.facts import Fact
from soma_common.events.group import Submission
from soma_common.events.lane import Grouping, Lane
from soma_common.events.models import Event, EventDraft
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Database
from soma_common.tracing.context import active_trace_id


class EventPublisher:
    """The log of one service, for facts without a change of their own; one object per process.

    It writes as the worker role, with as many connections of that pool as there are lanes.
    """

    def __init__(
        self,
        database: Database,
        service: str,
        ids: Ids | None = None,
        on_publish: Callable[[], None] = lambda: None,
        grouping: Grouping | None = None,
    ) -> None:
        """`on_publish` is called when events are committed: the hint for a relay."""
        grouping = grouping or Grouping()
        self._ids = ids or Ids()
        self._lanes = [Lane(database, service, grouping, on_publish) for _ in range(grouping.lanes)]

    async def publish(self, draft: EventDraft, tenant_id: TenantId) -> Event:
        """Write a fact in a transaction that others share; returns it in its place once that is committed.

        Places are as with `EventStore.append`. A caller that is cancelled before its fact was sent has written nothing,
        afterwards it may have. Raises ValueError for a payload without content; SomaError(INVALID_FIELD) for text that
        the database cannot hold; CONFLICT when another transaction keeps the stream locked; DATABASE_UNAVAILABLE, as
        OutcomeUnknownError where even asking by the event's id found no answer; SHUTTING_DOWN after `close`.
        """
        fact = Fact.of(draft, self._ids.uuid7(), active_trace_id())
        lane = self._lanes[hash((tenant_id, draft.stream)) % len(self._lanes)]
        await lane.room()
        loop = asyncio.get_running_loop()
        submission = Submission(fact, tenant_id, loop.time(), loop.create_future())
        lane.submit(submission)
        return await submission.answer

    async def close(self) -> None:
        """Write what waits; what comes from now on is refused."""
        await asyncio.gather(*(lane.close() for lane in self._lanes))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
