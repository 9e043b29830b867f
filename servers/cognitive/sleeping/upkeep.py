"""What happens to sleeps and loads beside calls: times to live end, memories are counted, cycles start.

For all tenants, by several processes at once: each takes up what the others have not. When stands in `domain/`.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Protocol
from uuid import UUID

from servers.cognitive.domain.load import starts_cycle
from servers.cognitive.sleeping.store import AgentKey, SleepStore
from servers.cognitive.sleeping.transitions import Sleeps
from soma.memory.v1 import upkeep_pb2 as memory_upkeep_pb
from soma.memory.v1.memory_service_pb2_grpc import MemoryServiceStub
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId, service_caller
from soma_common.logging import get_logger
from soma_common.rpc.call import acting_as

_LOG: Final = get_logger("soma.cognitive.sleep")

END_SECONDS: Final = 1.0
COUNT_SECONDS: Final = 5.0
_BATCH: Final = 256
_COUNTED_AT_ONCE: Final = 8
_COUNTED_EVERY: Final = timedelta(minutes=1)
_MEMORY_SECONDS: Final = 5.0


class Endings:
    """Writes what times to live that ran out led to, so that history is true also where nobody reads."""

    def __init__(self, store: SleepStore, sleeps: Sleeps, clock: Clock, ids: Ids) -> None:
        self._store, self._sleeps, self._clock, self._ids = store, sleeps, clock, ids

    async def end_due(self) -> int:
        """Write those that are due; returns how many agents moved by it. Raises DATABASE_UNAVAILABLE."""
        moved = 0
        for tenant_id, agent_id in await self._store.ended(self._clock.now(), _BATCH):
            with acting_as(service_caller("cognitive", tenant_id), str(self._ids.uuid4())):
                moved += await self._settle(tenant_id, agent_id)
        return moved

    async def _settle(self, tenant_id: TenantId, agent_id: UUID) -> bool:
        """One that fails holds up no others, unless nothing can be written at all."""
        try:
            return await self._sleeps.settle(tenant_id, agent_id)
        except SomaError as error:
            if error.reason is Reason.DATABASE_UNAVAILABLE:
                raise
            _LOG.info("a time to live is ended later", agent_id=str(agent_id), reason=error.reason.value)
            return False


class Counting:
    """Counts what a cycle would replay: memories of agents that had turns, at which no consolidation looked lately."""

    def __init__(self, store: SleepStore, memory: MemoryServiceStub, clock: Clock, ids: Ids) -> None:
        self._store, self._memory, self._clock, self._ids = store, memory, clock, ids

    async def count_due(self) -> int:
        """Count for agents that had a turn since, each at most once a minute; returns for how many.

        While memory is away the number that was known stays, until after the next turn. Raises DATABASE_UNAVAILABLE.
        """
        counted = 0
        while True:
            now = self._clock.now()
            keys = await self._store.take_up_counting(now, now - _COUNTED_EVERY, _COUNTED_AT_ONCE)
            known = sum(await asyncio.gather(*(self._count(key) for key in keys)))
            counted += known
            # While memory hangs, no more than these wait for it.
            if len(keys) < _COUNTED_AT_ONCE or not known:
                return counted

    async def _count(self, key: AgentKey) -> bool:
        namespaces = await self._store.namespaces(key)
        if not namespaces:
            return False
        with acting_as(service_caller("cognitive", key[0]), str(self._ids.uuid4()), _MEMORY_SECONDS):
            try:
                count = await self._unconsolidated(namespaces)
            except SomaError as error:
                _LOG.info("unconsolidated memories are counted later", agent_id=str(key[1]), reason=error.reason.value)
                return False
        await self._store.count_unconsolidated(key, count)
        return True

    async def _unconsolidated(self, namespaces: Sequence[str]) -> int:
        request = memory_upkeep_pb.ReplayMemoriesRequest(namespaces=namespaces, count_only=True)
        return (await self._memory.ReplayMemories(request)).waiting_count


class StartCycle(Protocol):
    """Starts a cycle of an agent because of its load; one that runs already is enough."""

    async def __call__(self, tenant_id: TenantId, agent_id: UUID) -> object:
        """Raises SomaError where none can be started."""
        ...


class LoadCycles:
    """Starts the cycles that loads ask for, and lets the agents sleep lightly meanwhile."""

    def __init__(self, store: SleepStore, sleeps: Sleeps, start: StartCycle, clock: Clock, ids: Ids) -> None:
        self._store, self._sleeps, self._start = store, sleeps, start
        self._clock, self._ids = clock, ids

    async def start_due(self) -> int:
        """Start those that are due; returns how many. One that cannot be started is tried again after ten minutes.

        Raises DATABASE_UNAVAILABLE.
        """
        now = self._clock.now()
        rests = await self._store.high(now, _BATCH)
        started = 0
        for key, rest in rests.items():
            if not starts_cycle(rest.load, rest.sleep.state, now):
                continue
            if await self._store.take_up_load(key, now):
                started += await self._begin(key)
        return started

    async def _begin(self, key: AgentKey) -> bool:
        with acting_as(service_caller("cognitive", key[0]), str(self._ids.uuid4())):
            # Before the cycle begins, as its end wakes the agent.
            drowses = await self._sleeps.drowse(*key)
            try:
                await self._start(*key)
            except SomaError as error:
                _LOG.warning("a cycle did not start by load", agent_id=str(key[1]), reason=error.reason.value)
                if drowses:
                    await self._sleeps.rouse(*key)
                return False
        return True
