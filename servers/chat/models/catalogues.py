"""The models of every tenant as this process knows them: read when they are first needed, kept until they change.

A turn costs no query: a copy is given up when one statement a second, over the tenants in use, shows a newer version.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from servers.chat.domain.catalogue import Catalogue, KnownModel, OwnProfile, merged
from servers.chat.models.fallbacks import stored_fallbacks
from servers.chat.models.profiles import called
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.money import Price
from soma_common.kernel.tenancy import TenantId
from soma_common.logging import get_logger
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

_LOG: Final = get_logger("soma.chat.catalogues")
_SQL: Final = Queries.of("servers.chat", "sql/models.sql")
POLL_SECONDS: Final = 1.0
# A tenant that is quiet for longer is read again when it comes back.
UNUSED_SECONDS: Final = 300.0
MOST_TENANTS: Final = 10_000


@dataclass(slots=True)
class _Copy:
    catalogue: Catalogue
    used_at: float


class Catalogues:
    """The catalogues of the tenants in use."""

    def __init__(self, database: Database, installation: Catalogue, clock: Clock) -> None:
        self.installation = installation
        self._database = database
        self._clock = clock
        self._copies: OrderedDict[TenantId, _Copy] = OrderedDict()

    def known(self, tenant: TenantId) -> Catalogue | None:
        """The tenant's catalogue if it is known here."""
        copy = self._copies.get(tenant)
        if copy is None:
            return None
        copy.used_at = self._clock.monotonic()
        self._copies.move_to_end(tenant)
        return copy.catalogue

    async def of(self, connection: Connection, tenant: TenantId) -> Catalogue:
        """The tenant's catalogue, by this connection of the tenant where it is not known here."""
        return self.known(tenant) or await self.read(connection, tenant)

    async def read(self, connection: Connection, tenant: TenantId) -> Catalogue:
        """The tenant's catalogue as it stands in the database; never in a transaction that changes it."""
        catalogue = await stored(connection, tenant, self.installation)
        self._copies[tenant] = _Copy(catalogue, self._clock.monotonic())
        self._copies.move_to_end(tenant)
        if len(self._copies) > MOST_TENANTS:
            self._copies.popitem(last=False)
        return catalogue

    def forget(self, tenant: TenantId) -> None:
        """Give up the copy: this process has just changed it."""
        self._copies.pop(tenant, None)

    async def run(self) -> None:
        """Gives up old copies until cancelled."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self.refresh()
            except SomaError as error:
                _LOG.debug("the models stay as they are known", reason=error.reason.value)

    async def refresh(self) -> None:
        """Give up what is unused or old. Raises DATABASE_UNAVAILABLE."""
        now = self._clock.monotonic()
        for tenant in [it for it, copy in self._copies.items() if now - copy.used_at > UNUSED_SECONDS]:
            self.forget(tenant)
        seen = {tenant: copy.catalogue.version for tenant, copy in self._copies.items()}
        if not seen:
            return
        rows = await self._database.worker_statement(_SQL.versions, list(seen))
        versions = {row["tenant_id"]: row["version"] for row in rows}
        for tenant, version in seen.items():
            copy = self._copies.get(tenant)
            if copy is not None and copy.catalogue.version == version != versions.get(tenant, 0):
                self.forget(tenant)


async def stored(connection: Connection, tenant: TenantId, installation: Catalogue) -> Catalogue:
    """The catalogue in the database. The version is read first, so that a copy is never newer than it says."""
    head = await connection.fetchrow(_SQL.find_catalogue, tenant)
    if head is None:
        return installation
    rows = await connection.fetch(_SQL.list_profiles, tenant)
    own = {row["profile_id"]: known_of(row) for row in rows}
    fallbacks = await stored_fallbacks(connection, tenant)
    return merged(installation, own, head["version"], head["default_profile_id"], fallbacks)


def known_of(row: Any) -> KnownModel:
    """A model of a row."""
    own = own_of(row)
    return KnownModel(called(own, row["tenant_id"]), own, row["create_time"], row["update_time"])


def own_of(row: Any) -> OwnProfile:
    """What is kept of a profile."""
    key_id: UUID | None = row["key_id"]
    return OwnProfile(
        profile_id=row["profile_id"],
        provider=row["provider"],
        model=row["model"],
        base_url=row["base_url"],
        window_tokens=row["window_tokens"],
        max_output_tokens=row["max_output_tokens"],
        price=Price(row["price_input"], row["price_cached_input"], row["price_output"], row["price_reasoning"]),
        tools=row["tools"],
        tokenizer=row["tokenizer"],
        key_id=key_id,
        version=row["version"],
    )
