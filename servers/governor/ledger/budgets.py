"""Use cases on the limits of a tenant: read them with their counters, set one.

How counters move stands in `sql/`; protos are made by `rpc/`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from google.protobuf.message import Message

from servers.governor.domain.ledger import Amount, BudgetState
from servers.governor.domain.scopes import Subject
from servers.governor.ledger.budget_store import BudgetFilter, BudgetKey, BudgetStore
from servers.governor.ledger.store import LedgerStore
from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.rpc.call import RpcCall
from soma_common.rpc.idempotency import Once


@dataclass(frozen=True, slots=True)
class BudgetView:
    """Budgets as of now, and how many holds of the tenant are open."""

    budgets: tuple[BudgetState, ...]
    open_holds: int


@dataclass(frozen=True, slots=True)
class BudgetChange:
    """New limits of one budget; a limit of 0 is none."""

    key: BudgetKey
    limit: Amount
    hard: bool


@dataclass(frozen=True, slots=True)
class Budgets:
    """Reads and sets budgets."""

    database: Database
    ledger: LedgerStore
    store: BudgetStore
    events: EventStore
    clock: Clock

    async def get(self, tenant: TenantId, subject: Subject) -> BudgetView:
        """Every period of the tenant, and what applies to the subject; a new tenant gets its defaults."""

        async def work(connection: Connection) -> BudgetView:
            now = self.clock.now()
            view = BudgetView(*await self.store.applying(connection, tenant, subject, now))
            if view.budgets:
                return view
            await self.ledger.make_budgets(connection, tenant, now)
            return BudgetView(*await self.store.applying(connection, tenant, subject, now))

        return await self.database.run(tenant, work)

    async def list(
        self, tenant: TenantId, filters: BudgetFilter, after: tuple[int, str, str] | None, limit: int
    ) -> BudgetView:
        """So many budgets of the tenant that have a limit, behind a place."""

        async def work(connection: Connection) -> BudgetView:
            now = self.clock.now()
            _, open_holds = await self.ledger.list_budgets(connection, tenant, now)
            return BudgetView(tuple(await self.store.page(connection, tenant, filters, after, limit, now)), open_holds)

        return await self.database.run(tenant, work)

    async def set(self, call: RpcCall, change: BudgetChange, reply: Callable[[BudgetState, int], Message]) -> Message:
        """Sets one budget's limits and answers with it."""
        tenant = call.caller.tenant_id

        async def work(connection: Connection) -> Message:
            now = self.clock.now()
            budget = await self.store.set(connection, tenant, change.key, change.limit, change.hard, now)
            _, open_holds = await self.ledger.list_budgets(connection, tenant, now)
            response = reply(budget, open_holds)
            await Once.current().record(connection, response)
            await self.events.append(connection, tenant, [_told(call, change)])
            return response

        return await self.database.run(tenant, work)


def _told(call: RpcCall, change: BudgetChange) -> EventDraft:
    key, limit = change.key, change.limit
    payload = payloads_pb.BudgetChanged(
        period=key.period.value,
        limit_tokens=limit.tokens,
        limit_micros=limit.micros,
        hard=change.hard,
        changed_by=call.caller.sub,
        scope=key.scope.value,
        scope_id=key.scope_id,
    )
    return EventDraft("governor.budget.changed", f"budget/{call.caller.tenant_id}", payload, call.correlation_id)
