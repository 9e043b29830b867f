"""Puts the parts of cognitive together: what serves it and what works beside it. `__main__.py` gives it a process."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final

from servers.cognitive.adapting.adaptations import Adaptations
from servers.cognitive.adapting.rows import AdaptationStore
from servers.cognitive.keeping.diagnosing import Diagnostics
from servers.cognitive.keeping.mind_store import MindStore
from servers.cognitive.keeping.minds import Minds
from servers.cognitive.keeping.states import States
from servers.cognitive.keeping.store import StateStore
from servers.cognitive.rpc.adaptation import AdaptationServicer
from servers.cognitive.rpc.modulation import ModulationServicer
from servers.cognitive.rpc.neuromodulators import NeuromodulatorServicer
from servers.cognitive.rpc.sleep import SleepServicer
from servers.cognitive.sleeping.cycle_ending import CycleEnding
from servers.cognitive.sleeping.cycle_memory import CycleMemory
from servers.cognitive.sleeping.cycle_rows import CycleRows
from servers.cognitive.sleeping.cycle_saga import CycleSaga
from servers.cognitive.sleeping.cycles import Cycles
from servers.cognitive.sleeping.store import SleepStore
from servers.cognitive.sleeping.transitions import Sleeps
from servers.cognitive.sleeping.upkeep import COUNT_SECONDS, END_SECONDS, Counting, Endings, LoadCycles
from servers.cognitive.sleeping.watching import LOOK_SECONDS, SleepWatch
from soma.cognitive.v1 import adaptation_service_pb2_grpc as adaptation_grpc
from soma.cognitive.v1 import modulation_service_pb2_grpc as modulation_grpc
from soma.cognitive.v1 import neuromodulator_service_pb2_grpc as neuromodulator_grpc
from soma.cognitive.v1 import sleep_service_pb2_grpc as sleep_grpc
from soma.memory.v1.memory_service_pb2_grpc import MemoryServiceStub
from soma_common.rpc.dial import Channel
from soma_common.rpc.process import Process, keep_running

# Nothing depends on it: a turn that is told late is forgotten late.
_FORGET_SECONDS: Final = 3600.0


class CognitiveHouse:
    """Everything that serves the minds of agents over one database, and the work that goes on beside calls."""

    def __init__(self, process: Process, memory: Channel, chat: Channel) -> None:
        self._process, self._memory, self._chat = process, memory, chat
        self._sleep_store = SleepStore(process.database)
        self._sleeps = Sleeps(process.database, self._sleep_store, process.events, process.clock)
        self._sleep_watch = SleepWatch(self._sleep_store, process.clock)
        self._cycles = self._cycles_of(CycleRows(), CycleMemory(memory.stub(MemoryServiceStub)))
        states, minds = StateStore(process.database), MindStore(process.database)
        self._states = States(process.database, states, process.events, process.clock)
        self._minds = Minds(minds, process.events, process.clock)
        adaptations = AdaptationStore(process.database)
        self._diagnostics = Diagnostics(process.database, minds, states, adaptations, process.clock)
        self._adaptations = Adaptations(
            process.database, adaptations, self._states, self._minds, process.events, process.clock
        )

    def serve(self) -> None:
        """Add every contract of cognitive to the server of the process."""
        server = self._process.server
        server.add(
            modulation_grpc.add_ModulationServiceServicer_to_server,
            ModulationServicer(self._minds, self._states, self._diagnostics),
            "soma.cognitive.v1.ModulationService",
        )
        server.add(
            neuromodulator_grpc.add_NeuromodulatorServiceServicer_to_server,
            NeuromodulatorServicer(self._states),
            "soma.cognitive.v1.NeuromodulatorService",
        )
        server.add(
            sleep_grpc.add_SleepServiceServicer_to_server,
            SleepServicer(sleeps=self._sleeps, sleep_watch=self._sleep_watch, cycles=self._cycles),
            "soma.cognitive.v1.SleepService",
        )
        server.add(
            adaptation_grpc.add_AdaptationServiceServicer_to_server,
            AdaptationServicer(self._adaptations),
            "soma.cognitive.v1.AdaptationService",
        )

    async def drain(self) -> None:
        """End what would hold up a process that stops: whoever watches asks another one."""
        await self._sleep_watch.drain()

    def _cycles_of(self, rows: CycleRows, memory: CycleMemory) -> Cycles:
        process, store = self._process, self._sleep_store
        ending = CycleEnding(process.database, rows, store, process.events, process.clock)
        saga = CycleSaga(process.database, rows, store, memory, ending, process.clock)
        self.sagas = process.orchestrator([saga.definition()])
        return Cycles(process.database, rows, store, ending, self.sagas, process.clock, process.ids)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """While inside, the work beside calls goes on."""
        tasks = [asyncio.create_task(work, name=name) for name, work in self._work()]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _work(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        yield from self._sleep_work()

    def _sleep_work(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        parts = (self._process.clock, self._process.ids)
        endings = Endings(self._sleep_store, self._sleeps, *parts)
        counting = Counting(self._sleep_store, self._memory.stub(MemoryServiceStub), *parts)
        by_load = LoadCycles(self._sleep_store, self._sleeps, self._cycles.start_by_load, *parts)
        for name, work, seconds in (
            ("look at watched sleeps", self._sleep_watch.run, LOOK_SECONDS),
            ("end times to live", endings.end_due, END_SECONDS),
            ("count unconsolidated memories", counting.count_due, COUNT_SECONDS),
            ("start the cycles that loads ask for", by_load.start_due, COUNT_SECONDS),
        ):
            yield name, keep_running(name, work, seconds)
        name = "forget what turns had used"
        yield name, keep_running(name, self._adaptations.forget_turns, _FORGET_SECONDS)
