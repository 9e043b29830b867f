"""Counts recalls off the path of the caller: gathered for a second, then written in one statement a tenant.

What is gathered is lost when the process dies; a count of accesses is worth no more than that.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from servers.memory.recalling.uses import Use, Uses
from servers.memory.storing.rows import MemoryStore
from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import TenantId
from soma_common.logging import get_logger
from soma_common.postgres.pool import Connection, Database

_LOG: Final = get_logger("soma.memory")
_GATHER_SECONDS: Final = 1.0


@dataclass(slots=True)
class _Gathered:
    """Of each memory how often it was recalled and when last; which turns used it."""

    counts: dict[UUID, tuple[int, datetime]] = field(default_factory=dict)
    uses: dict[tuple[UUID, UUID], datetime] = field(default_factory=dict)


class Accesses:
    """Gathers accesses and writes them regularly while `run` runs."""

    def __init__(self, database: Database, store: MemoryStore, events: EventStore, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._store = store
        self._events = events
        self._clock = clock
        self._ids = ids
        self._gathered: dict[TenantId, _Gathered] = {}

    def note(self, tenant_id: TenantId, memory_ids: Iterable[UUID], turn_id: UUID | None = None) -> None:
        """Remember that these memories were recalled now, and for which turn."""
        now = self._clock.now()
        gathered = self._gathered.setdefault(tenant_id, _Gathered())
        for memory_id in memory_ids:
            gathered.counts[memory_id] = (gathered.counts.get(memory_id, (0, now))[0] + 1, now)
            if turn_id is not None:
                gathered.uses.setdefault((memory_id, turn_id), now)

    async def run(self) -> None:
        """Write what was gathered, every second, until cancelled; then once more."""
        try:
            while True:
                await asyncio.sleep(_GATHER_SECONDS)
                await self.write()
        finally:
            with suppress(SomaError):
                await self.write()

    async def write(self) -> None:
        """Write what was gathered now; what cannot be written is dropped with a line in the log."""
        gathered, self._gathered = self._gathered, {}
        for tenant_id, what in gathered.items():

            async def work(connection: Connection, tenant_id: TenantId = tenant_id, what: _Gathered = what) -> None:
                uses = [Use(*pair, moment) for pair, moment in sorted(what.uses.items())]
                if uses:
                    await Uses.note(connection, tenant_id, uses)
                await self._store.note_accesses(connection, what.counts)
                await self._events.append(connection, tenant_id, [self._told(tenant_id, what.counts)])

            if what.counts:
                try:
                    await self._database.run(tenant_id, work)
                except SomaError as error:
                    _LOG.warning("accesses were not counted", memories=len(what.counts), reason=error.reason.value)

    def _told(self, tenant_id: TenantId, counts: dict[UUID, tuple[int, datetime]]) -> EventDraft:
        recalled = [
            payloads_pb.RecalledMemory(memory_id=str(memory_id), times=counts[memory_id][0])
            for memory_id in sorted(counts)
        ]
        payload = payloads_pb.MemoriesRecalled(memories=recalled)
        return EventDraft("memory.recalled", f"recall/{tenant_id}", payload, str(self._ids.uuid4()))
