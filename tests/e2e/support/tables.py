"""A house's own tables in a running mesh, for rows that no door would take."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg

from soma.memory.v1 import memory_service_pb2 as memory_pb
from soma_common.events.codec import to_message
from soma_common.events.models import Event, EventSchema
from soma_common.events.topics import TURNS
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.queries import Queries
from soma_common.testing.mesh import Mesh

PUBLISH = Queries.of("soma_common.events", "sql/bus.sql")
INTENT = """
insert into chat.intents (tenant_id, intent_id, owner_sub, caller_roles, caller_scopes, correlation_id, turn_id, kind,
  payload, status, attempts, next_time, create_time)
values ($1, $2, $3, '{member}', '{memory:write}', 'a-correlation', $4, 'store_memory', $5, 'pending', 0, now(), now())
"""


async def connect(mesh: Mesh, house: str, role: str = "app") -> asyncpg.Connection:
    """A connection with the rights of a house."""
    postgres = mesh.home / "postgres"
    port = int((postgres / "data" / "postmaster.pid").read_text("utf-8").splitlines()[3])
    passwords = json.loads((mesh.home / "secrets" / "passwords.json").read_text("utf-8"))
    return await asyncpg.connect(
        host=str(postgres / "run"),
        port=port,
        user=f"{house}_{role}",
        database="somaagent",
        password=passwords[f"SOMA_{house.upper()}_{role.upper()}_PASSWORD"],
    )


@asynccontextmanager
async def poison_on_the_bus(mesh: Mesh, tenant: UUID) -> AsyncIterator[str]:
    """A turn that ended, with a payload that is none: whoever counts it cannot. Its id; it is gone afterwards."""
    event_id, stream, now = Ids().uuid7(), f"conversation/{uuid4()}", datetime.now(UTC)
    event = Event(
        event_id, "turn.completed", "1" * 32, "a-correlation", "", "chat", TenantId(tenant), stream, 1, now,
        EventSchema("soma.events.v1.TurnEnded", "unknown", "v1"), b"\xff\xff",
    )  # fmt: skip
    body = to_message(event).SerializeToString()
    row = (TURNS.name, 0, tenant, stream, 1, event_id, event.event_type, now, "chat", "1" * 32, "a-correlation", body)
    connection = await connect(mesh, "bus", role="relay")
    try:
        await connection.execute("set search_path = bus")
        await connection.execute(PUBLISH.publish, *([value] for value in row))
        yield str(event_id)
        await connection.execute("delete from entries where event_id = $1", event_id)
    finally:
        await connection.close()


async def wish_for_nothing(mesh: Mesh, sub: str, tenant: UUID) -> str:
    """What a turn wants kept, but without a text: memory refuses it, and chat parks it. The event's id."""
    intent_id = Ids().uuid7()
    payload = memory_pb.StoreMemoryRequest(request_id=str(uuid4()), importance=0.5).SerializeToString()
    connection = await connect(mesh, "chat")
    try:
        async with connection.transaction():
            await connection.execute("select set_config('soma.tenant_id', $1, true)", str(tenant))
            await connection.execute(INTENT, tenant, intent_id, sub, uuid4(), payload)
    finally:
        await connection.close()
    return str(intent_id)
