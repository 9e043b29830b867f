"""Use cases on the limits of a tenant: read them with their counters, set one.

How counters move stands in `sql/`; protos are made by `rpc/`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from google.protobuf.message import Message

from servers.governor.domain.ledger import Amount, BudgetState
from servers.governor.domain.periods import Period
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
    """The tenant's budgets as of now, and how many holds are open."""

    budgets: tuple[BudgetState, ...]
    open_holds: int


@dataclass(frozen=True, slots=True)
class Budgets:
    """Reads and sets budgets."""

    database: Database
    ledger: LedgerStore
    events: EventStore
    clock: Clock

    async def get(self, tenant: TenantId) -> BudgetView:
        """Every period of the tenant; a tenant that is seen for the first time gets its defaults."""

        async def work(connection: Connection) -> BudgetView:
            now = self.clock.now()
            view = BudgetView(*await self.ledger.list_budgets(connection, tenant, now))
            if view.budgets:
                return view
            await self.ledger.make_budgets(connection, tenant, now)
            return BudgetView(*await self.ledger.list_budgets(connection, tenant, now))

        return await self.database.run(tenant, work)

    async def set(
        self,
        call: RpcCall,
        period: Period,
        limit: Amount,
        hard: bool,
        reply: Callable[[BudgetState, int], Message],
    ) -> Message:
        """Sets one period's limits and answers with its budget; a limit of 0 is none."""
        tenant = call.caller.tenant_id

        async def work(connection: Connection) -> Message:
            now = self.clock.now()
            await self.ledger.set_budget(connection, tenant, period, limit, hard, now)
            budgets, open_holds = await self.ledger.list_budgets(connection, tenant, now)
            response = reply(next(budget for budget in budgets if budget.period is period), open_holds)
            await Once.current().record(connection, response)
            await self.events.append(connection, tenant, [_told(call, period, limit, hard)])
            return response

        return await self.database.run(tenant, work)


def _told(call: RpcCall, period: Period, limit: Amount, hard: bool) -> EventDraft:
    payload = payloads_pb.BudgetChanged(
        period=period.value,
        limit_tokens=limit.tokens,
        limit_micros=limit.micros,
        hard=hard,
        changed_by=call.caller.sub,
    )
    return EventDraft("governor.budget.changed", f"budget/{call.caller.tenant_id}", payload, call.correlation_id)
