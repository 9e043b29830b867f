"""Use cases on sleep cycles: start one, look at them, stop one.

What a cycle does stands in `cycle_saga.py`.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID, uuid5

from google.protobuf.message import Message

from servers.cognitive.domain.cycles import BY_HAND, BY_LOAD, Cycle, CycleState, Wishes
from servers.cognitive.sleeping.cycle_ending import CycleEnding
from servers.cognitive.sleeping.cycle_rows import Beginning, CycleRows
from servers.cognitive.sleeping.cycle_saga import NAME
from servers.cognitive.sleeping.store import SleepStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError, not_found
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId, service_caller
from soma_common.postgres.pool import Connection, Database
from soma_common.rpc.call import current_call
from soma_common.rpc.idempotency import Once
from soma_common.sagas.models import Status
from soma_common.sagas.orchestrator import SagaOrchestrator

Reply = TypeVar("Reply", bound=Message)
# How long a call waits for the end where it has no deadline of its own, and what it keeps of one.
WAIT_SECONDS: Final = 20.0
MARGIN_SECONDS: Final = 0.3


class Cycles:
    """The sleep cycles of all agents of all tenants; the tenant is handed in with each call."""

    def __init__(
        self,
        database: Database,
        rows: CycleRows,
        sleeps: SleepStore,
        ending: CycleEnding,
        sagas: SagaOrchestrator,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._database = database
        self._rows = rows
        self._sleeps = sleeps
        self._ending = ending
        self._sagas = sagas
        self._clock = clock
        self._ids = ids

    async def start(self, tenant_id: TenantId, agent_id: UUID, cause: str, wishes: Wishes) -> UUID:
        """Start a cycle of an agent; where one runs, that one is answered."""
        return await self._start(tenant_id, agent_id, cause, wishes, self._ids.uuid7())

    async def start_by_load(self, tenant_id: TenantId, agent_id: UUID) -> UUID:
        """Start one, with the usual wishes, because of an agent's load."""
        return await self.start(tenant_id, agent_id, BY_LOAD, Wishes())

    async def run_now(
        self,
        tenant_id: TenantId,
        agent_id: UUID,
        wishes: Wishes,
        request_id: UUID,
        reply: Callable[[Cycle], Reply],
        *,
        waits: bool,
    ) -> Reply:
        """Start one by hand, or find the one that runs, and wait for its end, where wanted, as long as the call may.

        A repeat of the request finds the same cycle, whatever became of it.
        """
        wanted = uuid5(request_id, f"soma.cognitive.cycle/{tenant_id}/{current_call().caller.sub}")
        cycle_id = await self._start(tenant_id, agent_id, BY_HAND, wishes, wanted)
        if waits:
            await self._wait(tenant_id, cycle_id)
        return await self._answer(tenant_id, cycle_id, reply, is_of_another=cycle_id != wanted)

    async def read(self, tenant_id: TenantId, cycle_id: UUID) -> Cycle:
        """One. Raises RESOURCE_NOT_FOUND."""
        found = await self._database.run(tenant_id, lambda it: self._rows.find(it, tenant_id, cycle_id))
        if found is None:
            raise not_found("sleep cycle", cycle_id)
        return await self._settled(tenant_id, found) if found.state is CycleState.RUNNING else found

    async def current(self, tenant_id: TenantId, agent_id: UUID) -> Cycle | None:
        """The one of an agent that runs."""
        found = await self._database.run(tenant_id, lambda it: self._rows.running(it, tenant_id, agent_id))
        if found is None:
            return None
        settled = await self._settled(tenant_id, found)
        return settled if settled.state is CycleState.RUNNING else None

    async def list_some(
        self, tenant_id: TenantId, agent_id: UUID, after: tuple[datetime, UUID] | None, limit: int
    ) -> list[Cycle]:
        """Those of an agent, the newest first."""
        await self.current(tenant_id, agent_id)
        return await self._database.run(
            tenant_id, lambda it: self._rows.list_some(it, tenant_id, agent_id, after, limit)
        )

    async def cancel(self, tenant_id: TenantId, cycle_id: UUID, reply: Callable[[Cycle], Reply]) -> Reply:
        """Stop one between its calls, have undone what is unfinished, and wait for that as long as the call may.

        One that is over stays as it is. Raises RESOURCE_NOT_FOUND.
        """
        await self.read(tenant_id, cycle_id)
        stopped = await self._database.run(tenant_id, lambda it: self._rows.stop(it, tenant_id, cycle_id))
        if stopped is not None:
            await self._take_back(tenant_id, cycle_id)
            await self._wait(tenant_id, cycle_id)
        return await self._answer(tenant_id, cycle_id, reply)

    async def _start(self, tenant_id: TenantId, agent_id: UUID, cause: str, wishes: Wishes, cycle_id: UUID) -> UUID:
        await self.current(tenant_id, agent_id)

        async def work(connection: Connection) -> UUID:
            now = self._clock.now()
            rest = await self._sleeps.find_in(connection, tenant_id, agent_id, now)
            beginning = Beginning(cycle_id, agent_id, cause, wishes, rest.load.relieved_at(now), now)
            if await self._rows.begin(connection, tenant_id, beginning) is None:
                known = await self._rows.find(connection, tenant_id, cycle_id)
                running = known or await self._rows.running(connection, tenant_id, agent_id)
                if running is None:
                    # It ended between the two statements: whoever asks again starts one.
                    raise SomaError(Reason.CONFLICT)
                return running.cycle_id
            caller = service_caller("cognitive", tenant_id)
            await self._sagas.start_saga(tenant_id, caller, NAME, {}, cycle_id, connection)
            return cycle_id

        return await self._database.run(tenant_id, work)

    async def _take_back(self, tenant_id: TenantId, cycle_id: UUID) -> None:
        """One that was over before it could be stopped stays as it is."""
        try:
            await self._sagas.compensate(tenant_id, cycle_id, current_call().caller.sub)
        except SomaError as problem:
            if problem.reason is not Reason.SAGA_CANNOT_CHANGE:
                raise

    async def _wait(self, tenant_id: TenantId, cycle_id: UUID) -> None:
        left = current_call().remaining_seconds()
        seconds = WAIT_SECONDS if left is None else max(0.0, left - MARGIN_SECONDS)
        try:
            await self._sagas.finished(tenant_id, cycle_id, seconds)
        except SomaError as late:
            if late.reason is not Reason.DEADLINE_EXCEEDED:
                raise

    async def _answer(
        self, tenant_id: TenantId, cycle_id: UUID, reply: Callable[[Cycle], Reply], *, is_of_another: bool = False
    ) -> Reply:
        """Where it still runs nothing is recorded: a repeat looks again.

        One that another request began is recorded as it is: a repeat that came after its end would begin one.
        """
        cycle = await self.read(tenant_id, cycle_id)
        answer = reply(cycle)
        if cycle.state is not CycleState.RUNNING or is_of_another:
            await self._database.run(tenant_id, lambda it: Once.current().record_repeat(it, answer))
        return answer

    async def _settled(self, tenant_id: TenantId, cycle: Cycle) -> Cycle:
        """End one whose saga was taken back before its first step: no step did."""
        saga = await self._sagas.get_saga(tenant_id, cycle.cycle_id)
        if saga.status is not Status.COMPENSATED:
            return cycle
        return await self._ending.undone(tenant_id, cycle.cycle_id) or await self.read(tenant_id, cycle.cycle_id)
