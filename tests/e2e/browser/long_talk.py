"""A conversation of thousands of messages, put straight into the tables: a person would need weeks to write it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import aiohttp
import asyncpg

from soma_common.kernel.ids import Ids
from soma_common.testing.mesh import Mesh
from tests.e2e.support.tables import connect

PARAGRAPH = "Message {number} tells of *lanes*, budgets and `receipts`, neither shortly nor at length. " * 3
TENANT = "select set_config('soma.tenant_id', $1, true)"
INSERT = """
insert into messages (tenant_id, message_id, owner_sub, conversation_id, parent_message_id, turn_id, role, parts,
    token_count, tokenizer, finish_reason, model, create_time)
select $1, m.message_id, $2, $3, m.parent_id, $4, m.role, array[m.text], 40, 'o200k_base', m.reason, 'scripted', m.time
from unnest($5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::text[], $10::timestamptz[])
    as m (message_id, parent_id, role, text, reason, time)
"""
LEAF = "update conversations set current_leaf_id = $2, message_count = $3 where conversation_id = $1"


async def make_long_talk(mesh: Mesh, messages: int) -> str:
    """The id of a conversation of the installation's owner with so many messages."""
    headers = {"Authorization": f"Bearer {mesh.token()}"}
    async with aiohttp.ClientSession(mesh.edge_url, headers=headers) as http:
        made = {"title": "A long talk", "request_id": str(uuid4())}
        async with http.post("/api/v1/chat/conversations", json=made) as response:
            conversation = (await response.json())["conversation"]
    connection = await connect(mesh, "chat")
    try:
        async with connection.transaction():
            await _fill(connection, conversation, UUID(mesh.identity["SOMA_TENANT_ID"]), messages)
    finally:
        await connection.close()
    return str(conversation["conversation_id"])


async def _fill(connection: asyncpg.Connection, conversation: dict[str, str], tenant_id: UUID, messages: int) -> None:
    conversation_id = UUID(conversation["conversation_id"])
    ids = sorted(Ids().uuid7() for _ in range(messages))
    roles = ["user" if number % 2 == 0 else "assistant" for number in range(messages)]
    begin = datetime.now(UTC) - timedelta(minutes=messages)
    await connection.execute(TENANT, str(tenant_id))
    await connection.execute(
        INSERT,
        tenant_id,
        conversation["owner_sub"],
        conversation_id,
        uuid4(),
        ids,
        [None, *ids[:-1]],
        roles,
        [PARAGRAPH.format(number=number) for number in range(messages)],
        ["stop" if role == "assistant" else "" for role in roles],
        [begin + timedelta(minutes=number) for number in range(messages)],
    )
    await connection.execute(LEAF, conversation_id, ids[-1], messages)
