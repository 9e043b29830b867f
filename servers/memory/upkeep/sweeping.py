"""The use cases of sweeping: what expired or faded goes out of recall, in batches, and comes back on demand.

What is swept and why stands in `domain/retention.py`; the statements ask the same formula.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from servers.memory.domain.memory import Memory
from servers.memory.domain.namespaces import may_use
from servers.memory.domain.retention import UNDO, SweepReason, sentence
from servers.memory.storing.rows import memory_of_row
from soma.events.v1 import payloads_pb2
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import not_found
from soma_common.kernel.tenancy import Caller, TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries
from soma_common.rpc.call import current_call
from soma_common.rpc.idempotency import Once

_SQL: Final = Queries.of("servers.memory", "sql/sweeps.sql")
BATCH: Final = 500
SHOWN: Final = 200
Reply = TypeVar("Reply", bound=Message)


@dataclass(frozen=True, slots=True)
class SweepOrder:
    """What to sweep: everywhere where `namespaces` is empty; the id of the sweep is that of the request.

    `spares_restored` leaves alone what was brought back from a sweep within the last 30 days; ages count `decay_factor`
    times for what fades.
    """

    sweep_id: UUID
    namespaces: tuple[str, ...]
    min_retention: float
    most: int
    dry_run: bool = False
    spares_restored: bool = False
    decay_factor: float = 1.0


@dataclass(frozen=True, slots=True)
class SweptMemory:
    """A memory that is swept, with what is said of it."""

    memory: Memory
    reason: SweepReason
    retention: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep took, or would; of the memories only the first."""

    sweep_id: UUID | None
    memories: Sequence[SweptMemory]
    count: int
    examined: int
    undo_until: datetime


class Sweeper:
    """Sweeps, and undoes sweeps."""

    def __init__(self, database: Database, events: EventStore, clock: Clock) -> None:
        self._database = database
        self._events = events
        self._clock = clock

    async def sweep(self, caller: Caller, order: SweepOrder, reply: Callable[[Swept], Reply]) -> Reply:
        """Sweep, or only say what would be swept. A repeat with the same id goes on where it was cut off.

        Raises RESOURCE_NOT_FOUND for a namespace that the caller may not use.
        """
        for name in order.namespaces:
            if not may_use(caller, name):
                raise not_found("namespace", name)
        tenant_id, now = caller.tenant_id, self._clock.now()
        begun = await self._database.run(tenant_id, lambda it: it.fetchrow(_SQL.find_sweep, tenant_id, order.sweep_id))
        moment: datetime = now if begun is None else begun["sweep_time"]
        left = order.most - (0 if begun is None else begun["swept"])
        rows, examined = await self._database.run(tenant_id, lambda it: _look(it, order, moment, left))
        if order.dry_run:
            first = [_told(row, moment, order) for row in rows[:SHOWN]]
            return reply(Swept(None, first, len(rows), examined, moment + UNDO))
        ids = [row["memory_id"] for row in rows]
        values = (tenant_id, order.sweep_id, caller.sub, order.min_retention, moment, moment + UNDO, examined)
        for begin in range(0, len(ids), BATCH):
            some = ids[begin : begin + BATCH]
            await self._database.run(tenant_id, lambda it, some=some: self._take(it, order, values, some))  # type: ignore[misc]
        return await self._database.run(
            tenant_id, lambda it: self._answer(it, tenant_id, order, examined, moment, reply)
        )

    async def restore(self, caller: Caller, sweep_id: UUID, reply: Callable[[int], Reply]) -> Reply:
        """Bring back what a sweep took, less what was deleted since and what expired: a time to live is hard.

        Raises RESOURCE_NOT_FOUND, also after 30 days.
        """
        tenant_id = caller.tenant_id

        async def work(connection: Connection) -> Reply:
            now = self._clock.now()
            sweep = await connection.fetchrow(_SQL.lock_sweep, tenant_id, sweep_id)
            if sweep is None or sweep["undo_until"] < now:
                raise not_found("sweep", sweep_id)
            back = 0
            if sweep["restore_time"] is None:
                rows = await connection.fetch(_SQL.restore, tenant_id, sweep_id, sweep["sweep_time"], now)
                back = sum(row["retire_time"] is None for row in rows)
                await connection.execute(_SQL.mark_restored, tenant_id, sweep_id, now)
            await self._tell(connection, tenant_id, "memory.sweep.restored", sweep_id, back)
            answer = reply(back)
            await Once.current().record(connection, answer)
            return answer

        return await self._database.run(tenant_id, work)

    async def _take(
        self, connection: Connection, order: SweepOrder, values: tuple[Any, ...], memory_ids: Sequence[UUID]
    ) -> None:
        tenant_id, moment = values[0], values[4]
        await Once.current().enter(connection)
        await connection.execute(_SQL.begin_sweep, *values)
        taken = await connection.fetch(
            _SQL.take, tenant_id, order.sweep_id, list(memory_ids), moment, order.min_retention, order.decay_factor
        )
        await self._tell(connection, tenant_id, "memory.swept", order.sweep_id, len(taken))

    async def _answer(
        self,
        connection: Connection,
        tenant_id: TenantId,
        order: SweepOrder,
        examined: int,
        moment: datetime,
        reply: Callable[[Swept], Reply],
    ) -> Reply:
        sweep = await connection.fetchrow(_SQL.find_sweep, tenant_id, order.sweep_id)
        if sweep is None:
            swept = Swept(None, (), 0, examined, moment + UNDO)
        else:
            rows = await connection.fetch(_SQL.first_swept, tenant_id, order.sweep_id, SHOWN)
            first = [_told(row, moment, order) for row in rows]
            swept = Swept(order.sweep_id, first, sweep["swept"], sweep["examined"], sweep["undo_until"])
        answer = reply(swept)
        await Once.current().record(connection, answer)
        return answer

    async def _tell(
        self, connection: Connection, tenant_id: TenantId, event_type: str, sweep_id: UUID, count: int
    ) -> None:
        payload = payloads_pb2.MemoriesSwept(sweep_id=str(sweep_id), memory_count=count)
        draft = EventDraft(event_type, f"sweep/{sweep_id}", payload, current_call().correlation_id)
        await self._events.append(connection, tenant_id, [draft])


async def _look(connection: Connection, order: SweepOrder, moment: datetime, most: int) -> tuple[list[Any], int]:
    names = list(order.namespaces)
    if most <= 0:
        return [], 0
    values = (names, moment, order.min_retention, most, order.spares_restored, order.decay_factor)
    rows = await connection.fetch(_SQL.candidates, *values)
    return rows, int(await connection.fetchval(_SQL.examined, names))


def _told(row: Any, now: datetime, order: SweepOrder) -> SweptMemory:
    memory, reason, left = memory_of_row(row), SweepReason(row["reason"]), row["retention"]
    said = sentence(memory, reason, left, now, order.min_retention, order.decay_factor)
    return SweptMemory(memory, reason, left, said)
