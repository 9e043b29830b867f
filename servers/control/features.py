"""Use cases on features: read them, set them, follow them.

Every process of control sees what another one set by looking at the table each second; its own changes at once.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from typing import Final, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from servers.control.domain.features import DEFINITIONS, Feature, by_tenant, features_of
from servers.control.store import FeatureStore
from soma.events.v1 import payloads_pb2
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError, not_found
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import SYSTEM_TENANT, Caller, TenantId
from soma_common.logging import get_logger
from soma_common.postgres.pool import Connection, Database
from soma_common.rpc.call import current_call
from soma_common.rpc.idempotency import Once
from soma_common.rpc.process import keep_running

_LOG: Final = get_logger("soma.control")
_LOOK_SECONDS: Final = 1.0
Reply = TypeVar("Reply", bound=Message)
Values = dict[UUID | None, dict[str, bool]]


class Features:
    """The flags of all tenants; `settings` are the start values of this installation."""

    def __init__(
        self, database: Database, store: FeatureStore, events: EventStore, clock: Clock, settings: Mapping[str, bool]
    ) -> None:
        self._database = database
        self._store = store
        self._events = events
        self._clock = clock
        self._settings = {name: value for name, value in settings.items() if name in DEFINITIONS}
        self._seen: Values = {}
        self._changed = asyncio.Event()
        self._closed = False
        # Two looks at once could end in the wrong order, and the older one would count.
        self._looking = asyncio.Lock()

    async def read(self, tenant_id: TenantId) -> list[Feature]:
        """Every feature as it holds for the tenant."""
        async with self._database.transaction(tenant_id) as connection:
            return features_of(tenant_id, await self._store.list(connection), self._settings)

    async def update(
        self, caller: Caller, values: Mapping[str, bool], everywhere: bool, reply: Callable[[list[Feature]], Reply]
    ) -> Reply:
        """Set flags of the caller's tenant, or for all. Raises RESOURCE_NOT_FOUND, SCOPE_MISSING (all needs admin)."""
        for name in values:
            if name not in DEFINITIONS:
                raise not_found("feature", name)
        if everywhere and "admin" not in caller.roles:
            raise SomaError(Reason.SCOPE_MISSING, {"scope": "control:write", "role": "admin"})
        tenant_id = SYSTEM_TENANT if everywhere else caller.tenant_id

        async def work(connection: Connection) -> Reply:
            await self._store.write_as(connection, tenant_id)
            await self._store.set(connection, tenant_id, values, caller.sub, self._clock.now())
            await self._tell(connection, tenant_id, caller, values)
            await self._store.write_as(connection, caller.tenant_id)
            rows = await self._store.list(connection)
            answer = reply(features_of(caller.tenant_id, rows, self._settings))
            await Once.current().record(connection, answer)
            return answer

        answer = await self._database.run(caller.tenant_id, work)
        with suppress(SomaError):
            # The values are set; the regular look finds them when this one cannot.
            await self.look()
        return answer

    async def watch(self) -> AsyncIterator[Values]:
        """The values of all tenants, then those of the tenants whose values changed, as they change."""
        told: Values = {}
        while not self._closed:
            # While the news travel the next ones may come: only what was seen here counts as told.
            changed, seen = self._changed, self._seen
            news = {tenant: values for tenant, values in seen.items() if told.get(tenant) != values}
            # A tenant without values of its own any more follows the others again.
            news |= dict.fromkeys(told.keys() - seen.keys(), seen.get(None, {}))
            if news:
                yield news
                told = seen
            if not self._closed:
                await changed.wait()

    async def look(self) -> None:
        """Read the table and wake the watchers if something changed."""

        async def work(connection: Connection) -> Values:
            return by_tenant(await self._store.list(connection), self._settings)

        async with self._looking:
            seen = await self._database.run_worker(work)
            if seen != self._seen:
                self._seen = seen
                self._changed.set()
                self._changed = asyncio.Event()

    async def close(self) -> None:
        """End every watch, so that a drain need not wait for them."""
        self._closed = True
        self._changed.set()

    async def keep_looking(self) -> None:
        """Look now and every second until cancelled; a database that is away is waited for."""
        with suppress(SomaError):
            await self.look()
        await keep_running("look at features", self.look, _LOOK_SECONDS)

    async def _tell(
        self, connection: Connection, tenant_id: TenantId, caller: Caller, values: Mapping[str, bool]
    ) -> None:
        drafts = [
            EventDraft(
                "control.feature.changed",
                f"feature/{name}",
                payloads_pb2.FeatureChanged(
                    name=name, enabled=enabled, changed_by=caller.sub, **{"global": tenant_id == SYSTEM_TENANT}
                ),
                current_call().correlation_id,
            )
            for name, enabled in sorted(values.items())
        ]
        await self._events.append(connection, tenant_id, drafts)
