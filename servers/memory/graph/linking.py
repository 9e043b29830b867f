"""Use cases that change links: make one or give it another strength, take some away.

Both ends must be memories that the caller may use. A link is changed by whoever made it, and by operators and admins.
"""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from google.protobuf.message import Message

from servers.memory.domain.graph import Link
from servers.memory.domain.namespaces import may_use
from servers.memory.graph.rows import LinkStore
from soma.events.v1 import payloads_pb2
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.errors import SomaError, not_found
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller
from soma_common.postgres.pool import Connection, Database
from soma_common.rpc.call import current_call
from soma_common.rpc.idempotency import Once

Reply = TypeVar("Reply", bound=Message)


class Linker:
    """Makes links and takes them away."""

    def __init__(self, database: Database, links: LinkStore, events: EventStore) -> None:
        self._database = database
        self._links = links
        self._events = events

    async def link(self, caller: Caller, link: Link, reply: Callable[[Link], Reply]) -> Reply:
        """Make a link, or give the one that is there this strength.

        Raises RESOURCE_NOT_FOUND for an end that the caller may not use, SCOPE_MISSING for somebody else's link.
        """

        async def work(connection: Connection) -> Reply:
            await self._check_ends(connection, caller, link)
            made = await self._links.put(connection, caller.tenant_id, link, caller.sees_all)
            if made is None:
                raise _somebody_elses()
            return await self._done(connection, caller, "memory.linked", link, reply(made))

        return await self._database.run(caller.tenant_id, work)

    async def unlink(self, caller: Caller, link: Link, reply: Callable[[int], Reply]) -> Reply:
        """Take away the links between two memories that say the same as this, or all where it says nothing.

        Taking away what is not there is no error. Raises as `link`.
        """

        async def work(connection: Connection) -> Reply:
            await self._check_ends(connection, caller, link)
            removed = await self._links.remove(connection, caller.tenant_id, link, caller.sees_all)
            if removed == 0:
                if await self._links.exist(connection, caller.tenant_id, link):
                    raise _somebody_elses()
                answer = reply(0)
                await Once.current().record(connection, answer)
                return answer
            return await self._done(connection, caller, "memory.unlinked", link, reply(removed))

        return await self._database.run(caller.tenant_id, work)

    async def _check_ends(self, connection: Connection, caller: Caller, link: Link) -> None:
        ends: list[UUID] = [link.source_id, link.target_id]
        namespaces = await self._links.find_ends(connection, caller.tenant_id, ends)
        for memory_id in ends:
            if memory_id not in namespaces or not may_use(caller, namespaces[memory_id]):
                raise not_found("memory", memory_id)

    async def _done(self, connection: Connection, caller: Caller, event_type: str, link: Link, answer: Reply) -> Reply:
        payload = payloads_pb2.MemoryLinkChanged(memory_id=str(link.source_id), target_memory_id=str(link.target_id))
        draft = EventDraft(event_type, f"memory/{link.source_id}", payload, current_call().correlation_id)
        await self._events.append(connection, caller.tenant_id, [draft])
        await Once.current().record(connection, answer)
        return answer


def _somebody_elses() -> SomaError:
    return SomaError(Reason.SCOPE_MISSING, {"scope": "memory:write", "role": "operator"})
