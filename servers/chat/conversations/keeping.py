"""Use cases on conversations and their messages: make, read, list, change, delete.

Turns move a conversation on elsewhere; nothing here answers anybody.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from servers.chat.agents import Agents
from servers.chat.conversations.deletion import NAME as DELETION
from servers.chat.conversations.deletion import DeletionOrder
from servers.chat.conversations.stored import (
    Conversation,
    KeptMessage,
    change_of,
    conversation_of,
    found_conversation,
    locked_conversation,
    message_of,
)
from servers.chat.conversations.watching import Watchers
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError, not_found
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller, default_agent_id
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries
from soma_common.rpc.call import current_call
from soma_common.rpc.idempotency import Once
from soma_common.sagas.orchestrator import SagaOrchestrator

_SQL: Final = Queries.of("servers.chat", "sql/resources.sql")
Reply = TypeVar("Reply", bound=Message)


class Conversations:
    """The conversations of all tenants; tenant and owner come with the caller."""

    def __init__(
        self,
        database: Database,
        events: EventStore,
        agents: Agents,
        sagas: SagaOrchestrator,
        clock: Clock,
        ids: Ids,
        watchers: Watchers,
    ) -> None:
        """`sagas` has the definition of `deletion.py`."""
        self._watchers = watchers
        self._database = database
        self._events = events
        self._agents = agents
        self._sagas = sagas
        self._clock = clock
        self._ids = ids

    async def create(
        self, caller: Caller, agent_id: UUID | None, title: str, reply: Callable[[Conversation], Reply]
    ) -> Reply:
        """Make an empty conversation. Raises RESOURCE_NOT_FOUND for an agent that is unknown or archived."""
        kept = await self._agents.read(caller.tenant_id, agent_id or default_agent_id(caller.tenant_id))
        if kept.agent.archived:
            raise not_found("agent", agent_id)
        conversation_id, now = self._ids.uuid7(), self._clock.now()

        async def work(connection: Connection) -> Reply:
            values = (caller.tenant_id, conversation_id, caller.sub, kept.agent.agent_id, title.strip(), now)
            await connection.execute(_SQL.insert_conversation, *values)
            made = await found_conversation(connection, caller, conversation_id)
            return await self._told(connection, caller, conversation_id, "conversation.created", (), reply(made))

        return await self._database.run(caller.tenant_id, work)

    async def read(self, caller: Caller, conversation_id: UUID) -> Conversation:
        """One conversation. Raises RESOURCE_NOT_FOUND, also for a deleted one."""
        return await self._database.run(caller.tenant_id, lambda it: found_conversation(it, caller, conversation_id))

    async def page(
        self, caller: Caller, status: str, title_part: str, after: tuple[datetime, UUID] | None, limit: int
    ) -> list[Conversation]:
        """The caller's conversations of a status whose title contains a text, the last used first."""
        values = (caller.owner_filter, status, *(after or (None, None)), limit, title_part)
        rows = await self._database.run(caller.tenant_id, lambda it: it.fetch(_SQL.list_conversations, *values))
        return [conversation_of(row) for row in rows]

    async def change(
        self,
        caller: Caller,
        conversation_id: UUID,
        etag: str,
        changes: dict[str, Any],
        reply: Callable[[Conversation], Reply],
    ) -> Reply:
        """Change title, status or current leaf. Raises RESOURCE_NOT_FOUND, CONVERSATION_CLOSED, ETAG_MISMATCH."""

        async def work(connection: Connection) -> Reply:
            before = await locked_conversation(connection, caller, conversation_id)
            if etag and etag != before.etag:
                raise SomaError(Reason.ETAG_MISMATCH, {"resource": "conversation"})
            wanted = replace(before, **changes)
            leaf = wanted.current_leaf_id
            if leaf != before.current_leaf_id:
                leaf = await self._leaf(connection, before, leaf)
                wanted = replace(wanted, current_leaf_id=leaf)
            if wanted == before:
                return await self._told(connection, caller, conversation_id, "", (), reply(before))
            values = (conversation_id, wanted.title.strip(), wanted.status, leaf, self._clock.now())
            after = conversation_of(await connection.fetchrow(_SQL.change_conversation, *values))
            fields = tuple(sorted(changes))
            return await self._told(connection, caller, conversation_id, "conversation.updated", fields, reply(after))

        answer = await self._database.run(caller.tenant_id, work)
        self._watchers.changed(conversation_id)
        return answer

    async def delete(self, caller: Caller, order: DeletionOrder, reply: Callable[[datetime], Reply]) -> Reply:
        """Hide a conversation from everybody and have it erased. Raises RESOURCE_NOT_FOUND, CONVERSATION_BUSY."""
        conversation_id = order.conversation_id

        async def work(connection: Connection) -> Reply:
            found = await locked_conversation(connection, caller, conversation_id)
            running = found.running_turn_id
            # One that waits for a person is run by nobody: it goes with the conversation.
            if running is not None and not await connection.fetchval(_SQL.waits_for_person, running):
                raise SomaError(Reason.CONVERSATION_BUSY, {"turn_id": str(running)})
            now = self._clock.now()
            await connection.execute(_SQL.set_status, conversation_id, "deleted", now)
            await self._sagas.start_saga(
                caller.tenant_id,
                caller,
                DELETION,
                order.input(found.status),
                order.request_id,
                connection,
                current_call().correlation_id,
            )
            return await self._told(connection, caller, conversation_id, "conversation.deleted", (), reply(now))

        answer = await self._database.run(caller.tenant_id, work)
        self._watchers.changed(conversation_id)
        return answer

    async def messages(
        self, caller: Caller, conversation_id: UUID, leaf_id: UUID | None, after_id: UUID | None, limit: int
    ) -> list[KeptMessage]:
        """A branch, oldest first; without a leaf all branches. Raises RESOURCE_NOT_FOUND."""

        async def work(connection: Connection) -> list[KeptMessage]:
            await found_conversation(connection, caller, conversation_id)
            if leaf_id is None:
                rows = await connection.fetch(_SQL.list_messages, conversation_id, after_id, limit)
            else:
                rows = await connection.fetch(_SQL.list_branch, conversation_id, leaf_id, after_id, limit)
                if not rows and after_id is None:
                    raise not_found("message", leaf_id)
            return [message_of(row) for row in rows]

        return await self._database.run(caller.tenant_id, work)

    async def messages_up_to(
        self, caller: Caller, conversation_id: UUID, last_id: UUID, limit: int
    ) -> list[KeptMessage]:
        """The messages of a branch that end in this one, oldest first. Raises RESOURCE_NOT_FOUND."""

        async def work(connection: Connection) -> list[KeptMessage]:
            await found_conversation(connection, caller, conversation_id)
            rows = await connection.fetch(_SQL.list_branch_from_end, conversation_id, last_id, limit)
            if not rows:
                raise not_found("message", last_id)
            return [message_of(row) for row in rows]

        return await self._database.run(caller.tenant_id, work)

    async def _leaf(self, connection: Connection, before: Conversation, chosen: UUID | None) -> UUID | None:
        """The leaf of the branch that a message stands for: the newest one that comes after it."""
        if before.running_turn_id is not None:
            raise SomaError(Reason.CONVERSATION_BUSY, {"turn_id": str(before.running_turn_id)})
        if chosen is None:
            return None
        leaf: UUID | None = await connection.fetchval(_SQL.newest_leaf, before.conversation_id, chosen)
        if leaf is None:
            raise not_found("message", chosen)
        return leaf

    async def _told(
        self,
        connection: Connection,
        caller: Caller,
        conversation_id: UUID,
        event_type: str,
        fields: tuple[str, ...],
        answer: Reply,
    ) -> Reply:
        """Write the event, if there is one to tell, and the answer for repeats."""
        if event_type:
            draft = change_of(event_type, conversation_id, caller.sub, fields)
            await self._events.append(connection, caller.tenant_id, [draft])
        await Once.current().record(connection, answer)
        return answer
