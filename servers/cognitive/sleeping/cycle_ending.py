"""How a sleep cycle ends: its row, the load and the sleep of its agent and the events are one transaction."""

from typing import Final
from uuid import UUID

from servers.cognitive.domain.cycles import Cycle, CycleState
from servers.cognitive.domain.load import relieved
from servers.cognitive.sleeping.cycle_rows import CycleRows
from servers.cognitive.sleeping.store import SleepStore
from servers.cognitive.sleeping.transitions import Sleeps
from soma.events.v1 import payloads_pb2
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database

STOPPED: Final = "It was stopped in the step {step}."
FAILED: Final = "It failed in the step {step}, because {why}."
NOT_BEGUN: Final = "It was stopped before it began."
NEVER_BEGUN: Final = "It could not begin; nothing was changed."


class CycleEnding:
    """Ends cycles."""

    def __init__(
        self,
        database: Database,
        rows: CycleRows,
        sleeps: SleepStore,
        transitions: Sleeps,
        events: EventStore,
        clock: Clock,
    ) -> None:
        self._database = database
        self._rows = rows
        self._sleeps = sleeps
        self._transitions = transitions
        self._events = events
        self._clock = clock

    async def completed(self, connection: Connection, tenant_id: TenantId, cycle: Cycle, correlation_id: str) -> None:
        """Take something off the load, and end a cycle whose steps are done."""
        now = self._clock.now()
        before = (await self._sleeps.find_in(connection, tenant_id, cycle.agent_id, now)).load
        wishes = cycle.wishes
        await self._rows.relieve(connection, tenant_id, cycle, now, nrem=wishes.nrem, rem=wishes.rem)
        load = relieved(before, now).relieved_at(now)
        said = [f"The load went from {before.relieved_at(now):.2f} to {load:.2f}."]
        await self._end(connection, tenant_id, cycle, CycleState.COMPLETED, said, load, correlation_id)

    async def undone(
        self, tenant_id: TenantId, cycle_id: UUID, sentence: str = "", correlation_id: str = ""
    ) -> Cycle | None:
        """End a cycle that was stopped or has failed; `sentence` says what was undone. None where it was over."""

        async def work(connection: Connection) -> Cycle | None:
            cycle = await self._rows.find(connection, tenant_id, cycle_id, hold=True)
            if cycle is None or cycle.state is not CycleState.RUNNING:
                return None
            now = self._clock.now()
            load = (await self._sleeps.find_in(connection, tenant_id, cycle.agent_id, now)).load.relieved_at(now)
            state = CycleState.CANCELLED if cycle.stopping else CycleState.FAILED
            said = [_why(cycle), *([sentence] if sentence else [])]
            return await self._end(connection, tenant_id, cycle, state, said, load, correlation_id or str(cycle_id))

        return await self._database.run(tenant_id, work)

    async def _end(
        self,
        connection: Connection,
        tenant_id: TenantId,
        cycle: Cycle,
        state: CycleState,
        said: list[str],
        load: float,
        correlation_id: str,
    ) -> Cycle | None:
        ended = await self._rows.end(connection, tenant_id, cycle.cycle_id, state, said, load, self._clock.now())
        if ended is None:
            return None
        await self._transitions.rouse_in(connection, tenant_id, ended.agent_id)
        payload = payloads_pb2.CognitiveCycleEnded(
            agent_id=str(ended.agent_id),
            cycle_id=str(ended.cycle_id),
            state=ended.state.name,
            fact_count=ended.fact_count,
            swept_count=ended.swept_count,
        )
        draft = EventDraft("cognitive.cycle.ended", f"sleep-cycle/{ended.cycle_id}", payload, correlation_id)
        await self._events.append(connection, tenant_id, [draft])
        return ended


def _why(cycle: Cycle) -> str:
    if cycle.stopping:
        return STOPPED.format(step=cycle.step) if cycle.step else NOT_BEGUN
    if not cycle.step:
        return NEVER_BEGUN
    why = f"it was tried in vain ({cycle.problem})" if cycle.problem else "it took too long or was taken back"
    return FAILED.format(step=cycle.step, why=why)
