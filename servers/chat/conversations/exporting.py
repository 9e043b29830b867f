"""The use case of taking a conversation along: all its branches, read in portions while they are sent.

What is held meanwhile are the ids, never the texts; no transaction stays open while a reader is slow.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from servers.chat.conversations.stored import Conversation, KeptMessage, found_conversation, message_of
from servers.chat.domain.tree import parents_first
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import not_found
from soma_common.kernel.tenancy import Caller
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.chat", "sql/travel.sql")
PORTION: Final = 100


@dataclass(frozen=True, slots=True)
class Header:
    """What an exported conversation begins with."""

    title: str
    agent_name: str
    current_leaf_id: UUID | None
    create_time: datetime
    export_time: datetime
    message_count: int


class Exporting:
    """Reads whole conversations."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def export(self, caller: Caller, conversation_id: UUID) -> AsyncGenerator[Header | KeptMessage, None]:
        """The header, then the messages that there are now, parents before children.

        Raises RESOURCE_NOT_FOUND, also where it is deleted meanwhile.
        """

        async def begin(connection: Connection) -> tuple[Conversation, str, list[UUID]]:
            found = await found_conversation(connection, caller, conversation_id)
            name = await connection.fetchval(_SQL.find_agent_name, found.agent_id)
            rows = await connection.fetch(_SQL.list_tree, conversation_id)
            return found, name, parents_first([(row["message_id"], row["parent_message_id"]) for row in rows])

        found, name, ids = await self._database.run(caller.tenant_id, begin)
        leaf = found.current_leaf_id if found.current_leaf_id in set(ids) else None
        yield Header(found.title, name, leaf, found.create_time, self._clock.now(), len(ids))
        for start in range(0, len(ids), PORTION):
            for message in await self._portion(caller, conversation_id, ids[start : start + PORTION]):
                yield message

    async def _portion(self, caller: Caller, conversation_id: UUID, ids: list[UUID]) -> list[KeptMessage]:
        async def work(connection: Connection) -> list[KeptMessage]:
            await found_conversation(connection, caller, conversation_id)
            return [message_of(row) for row in await connection.fetch(_SQL.read_messages, conversation_id, ids)]

        read = {message.message_id: message for message in await self._database.run(caller.tenant_id, work)}
        if len(read) != len(ids):
            raise not_found("conversation", conversation_id)
        return [read[message_id] for message_id in ids]
