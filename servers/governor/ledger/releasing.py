"""Use case: book what an owner used so far and give back what it holds, when it goes on only later.

What is booked here is not booked again when the owner is settled; the statement decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from servers.governor.domain.ledger import Amount
from servers.governor.ledger.holding import Owner
from servers.governor.ledger.store import LedgerStore, Released
from servers.governor.metrics import GovernorMetrics
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import not_found
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Database


@dataclass(frozen=True, slots=True)
class ReleaseOrder:
    """What was used by leg, and up to which leg holds are given back (0: all)."""

    owner: Owner
    legs: Mapping[int, Amount]
    last_leg: int


@dataclass(frozen=True, slots=True)
class Releasing:
    """Releases holds."""

    database: Database
    ledger: LedgerStore
    metrics: GovernorMetrics
    clock: Clock

    async def release(self, tenant: TenantId, order: ReleaseOrder) -> Released:
        """What was given back and booked; nothing of it again for a repeat, and nothing after the settlement.

        Raises RESOURCE_NOT_FOUND where nothing was held.
        """
        with self.metrics.timed("ReleaseReservation"):
            owner, now = order.owner, self.clock.now()
            identity = (owner.owner_id, owner.is_turn)
            released = await self.ledger.release(self.database, tenant, identity, order.legs, order.last_leg, now)
        if released is None:
            raise not_found(owner.kind, owner.owner_id)
        return released
