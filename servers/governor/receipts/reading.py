"""Use cases: read a receipt, list receipts.

Receipts are written by planning and settlement, each its half.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from servers.governor.receipts.store import Listed, Place, ReceiptStore, Wanted
from soma_common.kernel.errors import not_found
from soma_common.kernel.tenancy import Caller


@dataclass(frozen=True, slots=True)
class Receipts:
    """Reads receipts: everybody their own, an administrator those of the tenant."""

    store: ReceiptStore

    async def get(self, caller: Caller, identifier: UUID) -> bytes:
        """A serialised receipt by its id or its turn's.

        Raises RESOURCE_NOT_FOUND, also for a receipt of somebody else unless the caller may see all of the tenant's.
        """
        found = await self.store.find(caller.tenant_id, identifier)
        if found is None or caller.owner_filter not in (None, found[1]):
            raise not_found("receipt", identifier)
        return found[0]

    async def list(self, caller: Caller, wanted: Wanted, before: Place | None, limit: int) -> Sequence[Listed]:
        """The caller's receipts, the newest first, those before a place."""
        return await self.store.list(caller.tenant_id, replace(wanted, owner_sub=caller.owner_filter), before, limit)
