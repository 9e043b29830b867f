"""Durable facts with their outbox rows: by the publisher, or each in a transaction of its own.

A program: see `programs.py`.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from uuid import UUID

from bench.durable.crowd import crowd
from bench.durable.programs import READY, answer
from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.events.lane import Grouping
from soma_common.events.models import EventDraft
from soma_common.events.publisher import EventPublisher
from soma_common.events.retention import WEEKS_AHEAD
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.house import HouseDatabase
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

_SQL = Queries.of("soma_common.events", "sql/retention.sql")
TENANTS: Final = 16
_PAYLOAD_BYTES: Final = 200


def tenant_of(number: int) -> TenantId:
    """The tenant of a caller, or of a stream."""
    return TenantId(UUID(int=number % TENANTS + 1))


def draft_of(stream: int) -> EventDraft:
    """A fact of about 200 bytes on a stream."""
    payload = payloads_pb.TurnStarted(turn_id="x" * (_PAYLOAD_BYTES - 3))
    return EventDraft("turn.started", f"conversation/{UUID(int=stream)}", payload, str(UUID(int=stream)))


async def work(job: Mapping[str, Any]) -> AsyncIterator[Mapping[str, Any]]:
    """`way` is "publisher" or "single"; `connections` is how many may be used."""
    connections, callers = job["connections"], job["callers"]
    database = await Database.open(HouseDatabase(**job["urls"]), app_pool=connections, worker_pool=connections)
    await database.worker_statement(_SQL.make_partitions, Clock().now(), WEEKS_AHEAD)
    drafts = [draft_of(number) for number in range(callers)]
    publisher, store = EventPublisher(database, "chat", grouping=Grouping(lanes=connections)), EventStore("chat")

    async def publish(number: int) -> object:
        return await publisher.publish(drafts[number], tenant_of(number))

    async def append(number: int) -> object:
        async def write(connection: Connection) -> object:
            return await store.append(connection, tenant_of(number), [drafts[number]])

        return await database.run(tenant_of(number), write)

    yield READY
    seen = await crowd(callers, publish if job["way"] == "publisher" else append, job["seconds"])
    await publisher.close()
    await database.close()
    yield seen.to_json()


if __name__ == "__main__":
    answer(work)
