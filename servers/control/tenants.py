"""Use cases on tenants that are there: read, list, change, and the one of the installation's owner taken in.

How one is made stands in `provisioning.py`.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

from google.protobuf.message import Message

from servers.control.domain.tenants import INSTALLATION, Tenant
from servers.control.tenant_store import TenantStore
from soma.events.v1 import payloads_pb2
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError, invalid_field
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller, TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.rpc.call import current_call
from soma_common.rpc.idempotency import Once

Reply = TypeVar("Reply", bound=Message)


def told(
    event_type: str, tenant_id: UUID, name: str, by: str, correlation_id: str, fields: tuple[str, ...] = ()
) -> EventDraft:
    """The event of a change of a tenant; it belongs to the tenant that manages it."""
    payload = payloads_pb2.TenantChanged(tenant_id=str(tenant_id), name=name, fields=fields, changed_by=by)
    return EventDraft(event_type, f"tenant/{tenant_id}", payload, correlation_id)


class Tenants:
    """The tenants that the caller's tenant manages."""

    def __init__(self, database: Database, store: TenantStore, events: EventStore, clock: Clock) -> None:
        self._database = database
        self._store = store
        self._events = events
        self._clock = clock

    async def read(self, caller: Caller, tenant_id: UUID) -> Tenant:
        """One tenant. Raises RESOURCE_NOT_FOUND."""
        async with self._database.transaction(caller.tenant_id) as connection:
            return await self._store.find(connection, tenant_id)

    async def list(self, caller: Caller, after_name: str, limit: int) -> list[Tenant]:
        """Tenants by name, after one."""
        async with self._database.transaction(caller.tenant_id) as connection:
            return await self._store.list(connection, after_name, limit)

    async def rename(
        self, caller: Caller, tenant_id: UUID, display_name: str, etag: str, reply: Callable[[Tenant], Reply]
    ) -> Reply:
        """Call a tenant otherwise. Raises RESOURCE_NOT_FOUND, ETAG_MISMATCH, INVALID_FIELD."""
        wanted = display_name.strip()
        if not wanted:
            raise invalid_field("tenant.display_name", "it must contain more than white space")

        async def work(connection: Connection) -> Reply:
            before = await self._store.lock(connection, tenant_id)
            if etag and etag != before.etag:
                raise SomaError(Reason.ETAG_MISMATCH, {"resource": "tenant"})
            after = before
            if wanted != before.display_name:
                now = self._clock.now()
                await self._store.rename(connection, tenant_id, wanted, now)
                after = replace(before, display_name=wanted, version=before.version + 1, update_time=now)
                correlation_id = current_call().correlation_id
                draft = told(
                    "control.tenant.updated", tenant_id, before.name, caller.sub, correlation_id, ("display_name",)
                )
                await self._events.append(connection, caller.tenant_id, [draft])
            answer = reply(after)
            await Once.current().record(connection, answer)
            return answer

        return await self._database.run(caller.tenant_id, work)

    async def adopt(self, tenant_id: TenantId, owner_sub: str, correlation_id: str) -> bool:
        """Take in the tenant of the installation's owner, which is there before its row; says whether it was new."""

        async def work(connection: Connection) -> bool:
            now, by = self._clock.now(), "service:control"
            if not await self._store.adopt(connection, tenant_id, INSTALLATION, by, now):
                return False
            await self._store.add_member(connection, tenant_id, owner_sub, "admin", now)
            draft = told("control.tenant.created", tenant_id, INSTALLATION, by, correlation_id)
            await self._events.append(connection, tenant_id, [draft])
            return True

        return await self._database.run(tenant_id, work)
