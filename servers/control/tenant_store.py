"""Tenants and their members in PostgreSQL.

A tenant's rows are seen by itself and by the one that manages it: the transaction says which.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from servers.control.domain.tenants import Tenant
from soma_common.kernel.errors import not_found
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.control", "sql/tenants.sql")


class TenantStore:
    """Reads and writes tenants inside the caller's transaction."""

    async def insert(
        self, connection: Connection, tenant_id: UUID, managed_by: UUID, names: tuple[str, str], by: str, now: datetime
    ) -> bool:
        """Write a new tenant with name and display name; False when the name is taken."""
        made = await connection.fetchval(_SQL.insert_tenant, tenant_id, managed_by, *names, by, now)
        return made is not None

    async def adopt(self, connection: Connection, tenant_id: UUID, name: str, by: str, now: datetime) -> bool:
        """Write the tenant that runs the installation, unless it is there."""
        return await connection.fetchval(_SQL.adopt_tenant, tenant_id, name, by, now) is not None

    async def add_member(self, connection: Connection, tenant_id: UUID, sub: str, role: str, now: datetime) -> None:
        """Write who belongs to a tenant, unless that is there."""
        await connection.execute(_SQL.insert_member, tenant_id, sub, role, now)

    async def find(self, connection: Connection, tenant_id: UUID) -> Tenant:
        """One tenant. Raises RESOURCE_NOT_FOUND."""
        row = await connection.fetchrow(_SQL.find_tenant, tenant_id)
        if row is None:
            raise not_found("tenant", tenant_id)
        return _tenant(row)

    async def lock(self, connection: Connection, tenant_id: UUID) -> Tenant:
        """One tenant, held until the transaction ends. Raises RESOURCE_NOT_FOUND."""
        await connection.fetchval(_SQL.lock_tenant, tenant_id)
        return await self.find(connection, tenant_id)

    async def id_of(self, connection: Connection, name: str, managed_by: UUID) -> UUID | None:
        """The id of the tenant of this name."""
        found: UUID | None = await connection.fetchval(_SQL.find_tenant_by_name, name, managed_by)
        return found

    async def list(self, connection: Connection, after_name: str, limit: int) -> list[Tenant]:
        """Tenants by name, after one."""
        return [_tenant(row) for row in await connection.fetch(_SQL.list_tenants, after_name, limit)]

    async def rename(self, connection: Connection, tenant_id: UUID, display_name: str, now: datetime) -> None:
        """Call a tenant otherwise."""
        await connection.execute(_SQL.rename_tenant, tenant_id, display_name, now)

    async def remove_member(self, connection: Connection, tenant_id: UUID, sub: str) -> None:
        """Remove who belonged to a tenant, as if that had never been."""
        await connection.execute(_SQL.delete_member, tenant_id, sub)

    async def remove(self, connection: Connection, tenant_id: UUID) -> bool:
        """Remove a tenant, as if it had never been; says whether it was there."""
        return await connection.fetchval(_SQL.delete_tenant, tenant_id) is not None


def _tenant(row: Any) -> Tenant:
    return Tenant(**{name: row[name] for name in Tenant.__slots__})
