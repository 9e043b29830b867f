"""Messages put where turns would put them."""

from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection
from soma_common.testing.identity import TENANT
from tests.rpc.chat.resources import Chat

_INSERT: Final = """
insert into messages (tenant_id, message_id, owner_sub, conversation_id, parent_message_id, turn_id, role, parts,
    token_count, tokenizer, create_time, model, finish_reason)
select $1, $2, owner_sub, $3, $4, $5, $6, $7, 1, 'o200k_base', $8, $9, $10 from conversations where conversation_id = $3
"""
_LEAF: Final = """
update conversations set current_leaf_id = $2, message_count = message_count + 1, version = version + 1
where conversation_id = $1
"""
_IDS: Final = Ids()


async def put(
    chat: Chat,
    conversation_id: str,
    *texts: str,
    role: str = "user",
    parent: UUID | None = None,
    turn: UUID | None = None,
    tenant: TenantId = TENANT,
    now: datetime | None = None,
) -> list[UUID]:
    """Messages of one role, each following the one before it."""
    made: list[UUID] = []

    async def work(connection: Connection) -> None:
        made.clear()
        for text in texts:
            message_id, before = _IDS.uuid7(), made[-1] if made else parent
            answer = ("scripted", "stop") if role == "assistant" else ("", "")
            place = (tenant, message_id, UUID(conversation_id), before, turn or uuid4(), role)
            await connection.execute(_INSERT, *place, [text], now or chat.clock.now(), *answer)
            await connection.execute(_LEAF, UUID(conversation_id), message_id)
            made.append(message_id)

    await chat.database.run(tenant, work)
    return made
