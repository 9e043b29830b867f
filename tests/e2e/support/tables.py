"""A house's own tables in a running mesh, for rows that no door would take."""

import json
from uuid import UUID, uuid4

import asyncpg

from soma.memory.v1 import memory_service_pb2 as memory_pb
from soma_common.kernel.ids import Ids
from soma_common.testing.mesh import Mesh

INTENT = """
insert into chat.intents (tenant_id, intent_id, owner_sub, caller_roles, caller_scopes, correlation_id, turn_id, kind,
  payload, status, attempts, next_time, create_time)
values ($1, $2, $3, '{member}', '{memory:write}', 'a-correlation', $4, 'store_memory', $5, 'pending', 0, now(), now())
"""


async def connect(mesh: Mesh, house: str) -> asyncpg.Connection:
    """A connection with the rights of a house."""
    postgres = mesh.home / "postgres"
    port = int((postgres / "data" / "postmaster.pid").read_text("utf-8").splitlines()[3])
    passwords = json.loads((mesh.home / "secrets" / "passwords.json").read_text("utf-8"))
    return await asyncpg.connect(
        host=str(postgres / "run"),
        port=port,
        user=f"{house}_app",
        database="somaagent",
        password=passwords[f"SOMA_{house.upper()}_APP_PASSWORD"],
    )


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
