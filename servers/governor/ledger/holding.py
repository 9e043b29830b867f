"""Use cases on holds: hold a further model call, and give expired holds back.

How a hold is checked stands in `sql/`; protos are made by `rpc/`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from servers.governor.domain.ledger import Amount
from servers.governor.domain.rates import RateRules
from servers.governor.domain.scopes import Subject
from servers.governor.ledger.store import NO_RATES, Hold, HoldOwner, LedgerStore, Unheld, lease_end
from servers.governor.metrics import GovernorMetrics
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import invalid_field, not_found
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import Caller, TenantId
from soma_common.logging import get_logger
from soma_common.postgres.pool import Database

_LOG: Final = get_logger("governor.holds")


# The rates of a tenant, from a memory that is seldom older than its last plan.
RatesOf = Callable[[TenantId], Awaitable[RateRules]]


async def no_rates(_tenant: TenantId) -> RateRules:
    """Nothing is limited."""
    return NO_RATES


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose model call it is: a planned turn, or a job outside of turns."""

    owner_id: UUID
    is_turn: bool

    @property
    def kind(self) -> str:
        """How the owner is named to people."""
        return "turn" if self.is_turn else "job"


@dataclass(frozen=True, slots=True)
class Holding:
    """Places holds."""

    database: Database
    ledger: LedgerStore
    metrics: GovernorMetrics
    clock: Clock
    ids: Ids
    rates: RatesOf = no_rates

    async def hold_leg(self, caller: Caller, owner: Owner, leg: int, need: Amount, timeout_seconds: float) -> Hold:
        """Holds a model call; a repeat for the same owner and leg gets the same hold.

        Raises BUDGET_EXHAUSTED, RATE_LIMITED, RESOURCE_NOT_FOUND for a turn that was not planned and for an owner that
        was settled, INVALID_FIELD for a leg whose hold has another size.
        """
        tenant, whose = caller.tenant_id, HoldOwner(owner.owner_id, owner.is_turn, Subject(caller.sub))
        with self.metrics.timed("HoldLeg"):
            rates, now = await self.rates(tenant), self.clock.now()
            hold = Hold(self.ids.uuid7(), leg, need, lease_end(now, timeout_seconds))
            placed = await self.ledger.hold_leg(self.database, tenant, whose, hold, now, rates)
        match placed:
            case Unheld.SETTLED:
                raise not_found(f"open {owner.kind}", owner.owner_id)
            case Unheld.UNKNOWN:
                raise not_found(owner.kind, owner.owner_id)
        if placed.repeated and placed.hold.amount != need:
            raise invalid_field("leg", "it has a hold of another size; the next call is the next leg")
        return placed.hold

    async def return_expired(self) -> int:
        """Gives back the expired holds of every tenant, each once; returns how many."""
        now = self.clock.now()
        tenants = await self.database.run_worker(
            lambda connection: self.ledger.list_tenants_with_expired(connection, now)
        )
        returned = 0
        for tenant in tenants:
            returned += await self._return_for(tenant)
        return returned

    async def _return_for(self, tenant: TenantId) -> int:
        now = self.clock.now()
        returned = await self.database.run_worker(
            lambda connection: self.ledger.return_expired(connection, tenant, now)
        )
        if returned:
            _LOG.warning("expired holds were given back", holds=returned, tenant_id=str(tenant))
        return returned
