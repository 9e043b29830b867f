"""The events of memories that came, changed or went, in the transaction of the change."""

from typing import Final
from uuid import UUID

from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.events.models import EventDraft
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries
from soma_common.rpc.call import current_call

_SQL: Final = Queries.of("servers.memory", "sql/queries.sql")


def told(event_type: str, memory_id: UUID, version: int, namespace: str, duplicate: bool = False) -> EventDraft:
    """What became of one memory."""
    payload = payloads_pb.MemoryChanged(
        memory_id=str(memory_id), version=version, namespace=namespace, duplicate=duplicate
    )
    return EventDraft(event_type, f"memory/{memory_id}", payload, current_call().correlation_id)


async def lost_memories(connection: Connection, tenant_id: TenantId) -> list[EventDraft]:
    """What went with what was deleted in this transaction: the facts that were made of it."""
    rows = await connection.fetch(_SQL.take_lost, tenant_id)
    return [told("memory.forgotten", *row) for row in rows]
