"""Use cases of quarantine: hide a source with what was made of it, bring it back, list what is hidden.

It is for operators and admins, so a quarantine covers all namespaces of its tenant.
"""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from google.protobuf.message import Message

from servers.memory.domain.quarantine import Hidden, Quarantine
from servers.memory.storing.rows import MemoryStore
from servers.memory.upkeep.quarantine_rows import QuarantineStore
from soma.events.v1 import payloads_pb2
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import not_found
from soma_common.kernel.tenancy import Caller
from soma_common.postgres.pool import Connection, Database
from soma_common.rpc.call import current_call
from soma_common.rpc.idempotency import Once

Reply = TypeVar("Reply", bound=Message)


class Quarantines:
    """Hides sources and brings them back."""

    def __init__(self, database: Database, store: MemoryStore, events: EventStore, clock: Clock) -> None:
        self._database = database
        self._store = store
        self._quarantines = QuarantineStore()
        self._events = events
        self._clock = clock

    async def hide(self, caller: Caller, quarantine: Quarantine, reply: Callable[[Hidden], Reply]) -> Reply:
        """Hide at once what a quarantine names; a conversation or source that told nothing yet is none of an error.

        Raises RESOURCE_NOT_FOUND for a memory that is not there.
        """

        async def work(connection: Connection) -> Reply:
            tenant_id, key, memory_id = caller.tenant_id, quarantine.quarantine_id, quarantine.suspect.memory_id
            if memory_id is not None and await self._store.find(connection, memory_id) is None:
                raise not_found("memory", memory_id)
            await self._quarantines.open(connection, tenant_id, quarantine)
            opened = await self._quarantines.find(connection, tenant_id, key)
            members = await self._quarantines.members(connection, tenant_id, key)
            turns = await self._quarantines.turns(connection, tenant_id, key)
            answer = reply(Hidden(opened, members, turns))
            await self._done(connection, caller, "memory.quarantined", opened, answer)
            return answer

        return await self._database.run(caller.tenant_id, work)

    async def restore(self, caller: Caller, quarantine_id: UUID, reply: Callable[[Quarantine, int], Reply]) -> Reply:
        """Lift a quarantine: what only it hid is seen again. One that is lifted already stays so.

        Raises RESOURCE_NOT_FOUND.
        """

        async def work(connection: Connection) -> Reply:
            restored = await self._quarantines.lift(connection, caller.tenant_id, quarantine_id, self._clock.now())
            if restored is None:
                raise not_found("quarantine", quarantine_id)
            lifted = await self._quarantines.find(connection, caller.tenant_id, quarantine_id)
            answer = reply(lifted, restored)
            await self._done(connection, caller, "memory.quarantine.lifted", lifted, answer)
            return answer

        return await self._database.run(caller.tenant_id, work)

    async def page(self, caller: Caller, lifted: bool, before: UUID | None, size: int) -> list[Quarantine]:
        """Quarantines, the newest first, behind this one; with the lifted ones or without."""
        async with self._database.transaction(caller.tenant_id) as connection:
            return await self._quarantines.page(connection, caller.tenant_id, lifted, before, size)

    async def _done(
        self, connection: Connection, caller: Caller, event_type: str, quarantine: Quarantine, answer: Message
    ) -> None:
        key = str(quarantine.quarantine_id)
        payload = payloads_pb2.MemoriesQuarantined(quarantine_id=key, memory_count=quarantine.memory_count)
        draft = EventDraft(event_type, f"quarantine/{key}", payload, current_call().correlation_id)
        await self._events.append(connection, caller.tenant_id, [draft])
        await Once.current().record(connection, answer)
