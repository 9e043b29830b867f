"""Use cases on the API keys of a tenant: make, list, revoke, rotate.

The text of a key is derived from the request that makes it and is nowhere kept; exchanging one stands in
`key_exchange.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from servers.control.domain.keys import ApiKey, Grant, checked_sub, demand_within, grant
from servers.control.hashing import KeyHasher
from servers.control.key_store import KeyStore
from soma.events.v1 import payloads_pb2
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock, seconds_and_nanos
from soma_common.kernel.errors import invalid_field, not_found
from soma_common.kernel.tenancy import Caller, TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.rpc.call import current_call
from soma_common.rpc.idempotency import Once
from soma_common.security.api_keys import ApiKeyText, derive_api_key, derive_key_id, make_key_id
from soma_common.security.roles import ROLE_SCOPES, scopes_for

CREATED: Final = "control.api_key.created"
_FIRST_NAME: Final = "first key"
_FIRST_ROLE: Final = "admin"
Reply = TypeVar("Reply", bound=Message)


@dataclass(frozen=True, slots=True)
class KeyOrder:
    """A key as it was asked for; `lifetime` None means without end."""

    name: str
    role: str
    scopes: frozenset[str]
    sub: str
    lifetime: timedelta | None


def told(key: ApiKey, event_type: str, caller: Caller, correlation_id: str) -> EventDraft:
    """The event of a change of a key."""
    payload = payloads_pb2.ApiKeyChanged(
        key_id=key.key_id, name=key.name, sub=key.sub, role=key.role, changed_by=caller.sub
    )
    return EventDraft(event_type, f"api-key/{key.key_id}", payload, correlation_id)


class ApiKeys:
    """The keys of all tenants; the tenant comes with the caller. `root` is what their texts are derived from."""

    def __init__(
        self, database: Database, store: KeyStore, events: EventStore, hasher: KeyHasher, root: bytes, clock: Clock
    ) -> None:
        self._database = database
        self._store = store
        self._events = events
        self._hasher = hasher
        self._root = root
        self._clock = clock

    def text_of(self, tenant_id: UUID, key_id: str, request_id: str, made: datetime) -> ApiKeyText:
        """The text that a request made, or makes, for a key at that moment; a later one with its id makes another."""
        seconds, nanos = seconds_and_nanos(made)
        return derive_api_key(self._root, key_id, f"{tenant_id}/{UUID(request_id)}/{seconds}.{nanos:09}")

    async def create(self, caller: Caller, order: KeyOrder, request_id: str, reply: Callable[[ApiKey], Reply]) -> Reply:
        """Make a key, whose text is `text_of` its id. Raises SCOPE_MISSING, INVALID_FIELD."""
        granted = grant(caller, order.role, order.scopes, ROLE_SCOPES)
        name, sub = order.name.strip(), checked_sub(order.sub or caller.sub, "sub")
        if not name:
            raise invalid_field("name", "it must contain more than white space")
        key = self._new(caller, replace(order, name=name, sub=sub), granted)
        text = self.text_of(caller.tenant_id, key.key_id, request_id, key.create_time)
        hashed = await self._hasher.hash(text.secret)

        async def work(connection: Connection) -> Reply:
            await self._store.insert(connection, key, hashed)
            return await self._record(connection, caller, key, CREATED, reply)

        return await self._database.run(caller.tenant_id, work)

    async def make_first(
        self, tenant_id: TenantId, sub: str, request_id: UUID, caller: Caller, correlation_id: str
    ) -> ApiKey:
        """Make the first key of a new tenant, an admin's; a repeat with this `request_id` makes no other one."""
        scopes = tuple(sorted(scopes_for((_FIRST_ROLE,))))
        order = KeyOrder(_FIRST_NAME, _FIRST_ROLE, frozenset(scopes), sub, None)
        maker = replace(caller, tenant_id=tenant_id)
        key = replace(self._new(maker, order, Grant(_FIRST_ROLE, scopes)), key_id=self._first_id(tenant_id, request_id))
        text = self.text_of(tenant_id, key.key_id, str(request_id), key.create_time)
        hashed = await self._hasher.hash(text.secret)

        async def work(connection: Connection) -> ApiKey:
            if await self._store.insert(connection, key, hashed):
                await self._events.append(connection, tenant_id, [told(key, CREATED, caller, correlation_id)])
            return key

        return await self._database.run(tenant_id, work)

    async def first(self, tenant_id: TenantId, request_id: UUID) -> tuple[ApiKey, str]:
        """The first key of a tenant, with its text as it was made. Raises RESOURCE_NOT_FOUND."""
        key_id = self._first_id(tenant_id, request_id)
        async with self._database.transaction(tenant_id) as connection:
            key = await self._store.lock(connection, key_id)
        return key, self.text_of(tenant_id, key_id, str(request_id), key.create_time).text

    def _first_id(self, tenant_id: TenantId, request_id: UUID) -> str:
        return derive_key_id(self._root, f"{tenant_id}/{request_id}")

    async def list(
        self, tenant_id: TenantId, with_revoked: bool, after: tuple[datetime, str] | None, limit: int
    ) -> list[ApiKey]:
        """Keys of a tenant, newest first."""
        async with self._database.transaction(tenant_id) as connection:
            return await self._store.list(connection, with_revoked, after, limit)

    async def revoke(self, caller: Caller, key_id: str, reply: Callable[[ApiKey], Reply]) -> Reply:
        """End a key; one that was ended stays as it is. Raises RESOURCE_NOT_FOUND."""

        async def work(connection: Connection) -> Reply:
            before = await self._store.lock(connection, key_id)
            if before.revoke_time is not None:
                return await self._record(connection, caller, before, None, reply)
            now = self._clock.now()
            await self._store.revoke(connection, key_id, now)
            after = replace(before, revoke_time=now, previous_expire_time=None)
            return await self._record(connection, caller, after, "control.api_key.revoked", reply)

        return await self._database.run(caller.tenant_id, work)

    async def rotate(
        self, caller: Caller, key_id: str, grace: timedelta, request_id: str, reply: Callable[[ApiKey], Reply]
    ) -> Reply:
        """Give a key that is in force a new text, `text_of` its id. Raises RESOURCE_NOT_FOUND, SCOPE_MISSING."""
        now = self._clock.now()
        hashed = await self._hasher.hash(self.text_of(caller.tenant_id, key_id, request_id, now).secret)

        async def work(connection: Connection) -> Reply:
            before = await self._store.lock(connection, key_id)
            if not before.in_force(now):
                raise not_found("API key in force", key_id)
            demand_within(caller, Grant(before.role, before.scopes))
            until = now + grace if grace else None
            await self._store.rotate(connection, key_id, hashed, now, until)
            after = replace(before, rotate_time=now, previous_expire_time=until)
            return await self._record(connection, caller, after, "control.api_key.rotated", reply)

        return await self._database.run(caller.tenant_id, work)

    async def _record(
        self,
        connection: Connection,
        caller: Caller,
        key: ApiKey,
        event_type: str | None,
        reply: Callable[[ApiKey], Reply],
    ) -> Reply:
        """Write the event, if there is one to tell, and the answer for repeats."""
        if event_type is not None:
            draft = told(key, event_type, caller, current_call().correlation_id)
            await self._events.append(connection, caller.tenant_id, [draft])
        answer = reply(key)
        await Once.current().record(connection, answer)
        return answer

    def _new(self, caller: Caller, order: KeyOrder, granted: Grant) -> ApiKey:
        now = self._clock.now()
        return ApiKey(
            key_id=make_key_id(),
            tenant_id=caller.tenant_id,
            name=order.name,
            sub=order.sub,
            role=granted.role,
            scopes=granted.scopes,
            created_by=caller.sub,
            create_time=now,
            expire_time=None if order.lifetime is None else now + order.lifetime,
        )
