"""Use case: read a receipt.

Receipts are written by planning and settlement, each its half.
"""

from dataclasses import dataclass
from uuid import UUID

from servers.governor.planning.store import PlanStore
from soma_common.kernel.errors import not_found
from soma_common.kernel.tenancy import Caller
from soma_common.postgres.pool import Connection, Database


@dataclass(frozen=True, slots=True)
class Receipts:
    """Reads receipts."""

    database: Database
    plans: PlanStore

    async def get(self, caller: Caller, identifier: UUID) -> bytes:
        """A serialised receipt by its id or its turn's.

        Raises RESOURCE_NOT_FOUND, also for a receipt of somebody else unless the caller may see all of the tenant's.
        """

        async def work(connection: Connection) -> tuple[bytes, str] | None:
            return await self.plans.find_receipt(connection, caller.tenant_id, identifier)

        found = await self.database.run(caller.tenant_id, work)
        if found is None or caller.owner_filter not in (None, found[1]):
            raise not_found("receipt", identifier)
        return found[0]
