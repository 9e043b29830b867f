"""Use cases that change what a memory says: an update, which keeps a version, and a correction, which replaces it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from servers.memory.domain.memory import Memory
from servers.memory.domain.namespaces import may_delete
from servers.memory.domain.noise import why_noise
from servers.memory.storing.drafts import drafts_json
from servers.memory.storing.intake import Intake
from servers.memory.storing.memories import Memories, events_of, may_see
from servers.memory.storing.rows import MemoryStore, memory_of_row
from servers.memory.storing.telling import told
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError, invalid_field, not_found
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries
from soma_common.rpc.idempotency import Once

_SQL: Final = Queries.of("servers.memory", "sql/storing.sql")
Reply = TypeVar("Reply", bound=Message)


@dataclass(frozen=True, slots=True)
class Changing:
    """Which memory, which state of it (an etag, empty for any), and how it shall be."""

    memory_id: UUID
    etag: str
    change: Callable[[Memory], Memory]


class Revisions:
    """Updates and corrects memories."""

    def __init__(
        self,
        database: Database,
        store: MemoryStore,
        intake: Intake,
        memories: Memories,
        events: EventStore,
        clock: Clock,
    ) -> None:
        self._database = database
        self._store = store
        self._intake = intake
        self._memories = memories
        self._events = events
        self._clock = clock

    async def update(self, caller: Caller, changing: Changing, reply: Callable[[Memory], Reply]) -> Reply:
        """Change a memory; what it was stays as a version.

        Raises RESOURCE_NOT_FOUND, SCOPE_MISSING for another's, ETAG_MISMATCH, MEMORY_REFUSED for noise and for what
        rests, INVALID_FIELD for a coordinate that another memory has.
        """

        async def work(connection: Connection) -> Reply:
            old = await self._held(connection, caller, changing)
            if not may_delete(caller, old.owner_sub):
                raise SomaError(Reason.SCOPE_MISSING, {"scope": "memory:write", "role": "operator"})
            changed = changing.change(old)
            why = why_noise(changed.text, ()) if changed.text != old.text else None
            if why is not None:
                raise SomaError(Reason.MEMORY_REFUSED, {"why": why})
            memory = await self._write(connection, caller, old, changed)
            event = told("memory.updated", memory.memory_id, memory.version, memory.namespace)
            await self._events.append(connection, caller.tenant_id, [event])
            answer = reply(memory)
            await Once.current().record(connection, answer)
            return answer

        return await self._database.run(caller.tenant_id, work)

    async def correct(self, caller: Caller, changing: Changing, reply: Callable[[Memory, Memory], Reply]) -> Reply:
        """Store what is true instead, and close the old memory where the new one begins to hold.

        Raises as `update`, and INVALID_FIELD for a time before the old one held.
        """

        async def work(connection: Connection) -> Reply:
            old = await self._held(connection, caller, changing)
            new = changing.change(old)
            why = why_noise(new.text, ())
            if why is not None:
                raise SomaError(Reason.MEMORY_REFUSED, {"why": why})
            closed = await self._close(connection, caller, old, new)
            indexed = await self._memories.indexed([new])
            [kept] = await self._intake.store(connection, caller.tenant_id, indexed, self._clock.now())
            if kept.memory_id is None:
                raise SomaError(Reason.MEMORY_REFUSED, {"why": self._intake.why_refused(kept.outcome)})
            if kept.memory_id != new.memory_id:
                # Another memory said so already: it is what took the old one's place.
                closed = await self._close(connection, caller, old, replace(new, memory_id=kept.memory_id))
            found = await self._store.find(connection, kept.memory_id)
            if found is None:
                raise SomaError(Reason.CONFLICT)
            drafts = [
                *events_of(new, kept),
                told("memory.superseded", closed.memory_id, closed.version, closed.namespace),
            ]
            await self._events.append(connection, caller.tenant_id, drafts)
            answer = reply(found, closed)
            await Once.current().record(connection, answer)
            return answer

        return await self._database.run(caller.tenant_id, work)

    async def _held(self, connection: Connection, caller: Caller, changing: Changing) -> Memory:
        row = await connection.fetchrow(_SQL.hold, caller.tenant_id, changing.memory_id)
        memory = None if row is None else memory_of_row(row)
        if memory is None or not may_see(caller, memory, self._clock.now()):
            raise not_found("memory", changing.memory_id)
        if changing.etag not in ("", f'"{memory.version}"'):
            raise SomaError(Reason.ETAG_MISMATCH, {"resource": "memory"})
        if memory.retire_time is not None:
            since = f"; {memory.superseded_by} took its place" if memory.superseded_by is not None else ""
            raise SomaError(Reason.MEMORY_REFUSED, {"why": f"what it shall change is out of recall{since}"})
        return memory

    async def _write(self, connection: Connection, caller: Caller, old: Memory, changed: Memory) -> Memory:
        tenant_id = caller.tenant_id
        if changed.coordinate and changed.coordinate != old.coordinate:
            await self._require_free(connection, caller, changed)
        [indexed] = await self._memories.indexed([changed])
        await connection.execute(_SQL.keep_version, tenant_id, old.memory_id, self._clock.now(), caller.sub)
        row = await connection.fetchrow(_SQL.change, tenant_id, drafts_json([indexed]))
        if changed.text != old.text:
            await connection.execute(_SQL.unindex, tenant_id, old.memory_id)
        await self._store.index(connection, tenant_id, [indexed])
        return memory_of_row(row)

    async def _require_free(self, connection: Connection, caller: Caller, changed: Memory) -> None:
        place = (caller.tenant_id, changed.namespace, changed.coordinate)
        await connection.execute(_SQL.wait_for_coordinate, *place)
        holder = await connection.fetchval(_SQL.holder, *place)
        if holder is not None:
            raise invalid_field("coordinate", f"the memory {holder} has it; correct that one, or choose another")

    async def _close(self, connection: Connection, caller: Caller, old: Memory, new: Memory) -> Memory:
        now = self._clock.now()
        place = (caller.tenant_id, old.memory_id)
        return memory_of_row(await connection.fetchrow(_SQL.close_old, *place, now, new.memory_id, new.valid_from))
