"""Feature flags in PostgreSQL.

Whose value holds is decided in `domain/features.py`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from servers.control.domain.features import SetFlag
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.control", "sql/queries.sql")


class FeatureStore:
    """Reads and writes flags inside the caller's transaction."""

    async def list(self, connection: Connection) -> list[SetFlag]:
        """The rows that this connection may see: a tenant's and the global ones, or as the worker all of them."""
        return [SetFlag(*row) for row in await connection.fetch(_SQL.list_features)]

    async def set(
        self, connection: Connection, tenant_id: TenantId, values: Mapping[str, bool], by: str, now: datetime
    ) -> None:
        """Write values of one tenant, or the global ones as the system tenant."""
        await connection.execute(_SQL.set_features, tenant_id, by, now, list(values), list(values.values()))

    async def write_as(self, connection: Connection, tenant_id: TenantId) -> None:
        """From here on the transaction writes rows of this tenant: for an administrator who sets a global value."""
        await connection.fetchval(_SQL.write_as, str(tenant_id))
