"""Puts the parts of cognitive together: what serves it and what works beside it. `__main__.py` gives it a process."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final

from servers.cognitive.acting.acting import Acting
from servers.cognitive.acting.meanings import Meanings
from servers.cognitive.acting.pruning import PRUNE_SECONDS, Pruning
from servers.cognitive.acting.store import ActStore
from servers.cognitive.adapting.adaptations import Adaptations
from servers.cognitive.adapting.rows import AdaptationStore
from servers.cognitive.keeping.diagnosing import Diagnostics
from servers.cognitive.keeping.mind_store import MindStore
from servers.cognitive.keeping.minds import Minds
from servers.cognitive.keeping.states import States
from servers.cognitive.keeping.store import StateStore
from servers.cognitive.rpc.act import ActServicer
from servers.cognitive.rpc.adaptation import AdaptationServicer
from servers.cognitive.rpc.modulation import ModulationServicer
from servers.cognitive.rpc.neuromodulators import NeuromodulatorServicer
from servers.cognitive.rpc.sleep import SleepServicer
from servers.cognitive.rpc.threads import ThreadServicer
from servers.cognitive.sleeping.cycle_ending import CycleEnding
from servers.cognitive.sleeping.cycle_memory import CycleMemory
from servers.cognitive.sleeping.cycle_rows import CycleRows
from servers.cognitive.sleeping.cycle_saga import CycleSaga
from servers.cognitive.sleeping.cycles import Cycles
from servers.cognitive.sleeping.store import SleepStore
from servers.cognitive.sleeping.transitions import Sleeps
from servers.cognitive.sleeping.upkeep import COUNT_SECONDS, END_SECONDS, Counting, Endings, LoadCycles
from servers.cognitive.sleeping.watching import LOOK_SECONDS, SleepWatch
from servers.cognitive.thoughts.store import ThreadStore
from servers.cognitive.thoughts.thinking import Thinking
from servers.cognitive.thoughts.threads import Threads
from soma.chat.v1.model_service_pb2_grpc import ModelServiceStub
from soma.cognitive.v1 import act_service_pb2_grpc as act_grpc
from soma.cognitive.v1 import adaptation_service_pb2_grpc as adaptation_grpc
from soma.cognitive.v1 import modulation_service_pb2_grpc as modulation_grpc
from soma.cognitive.v1 import neuromodulator_service_pb2_grpc as neuromodulator_grpc
from soma.cognitive.v1 import sleep_service_pb2_grpc as sleep_grpc
from soma.cognitive.v1 import thread_service_pb2_grpc as thread_grpc
from soma.memory.v1.memory_service_pb2_grpc import MemoryServiceStub
from soma_common.rpc.dial import Channel
from soma_common.rpc.features import Features
from soma_common.rpc.process import Process, keep_running

# Nothing depends on it: a turn that is told late is forgotten late.
_FORGET_SECONDS: Final = 3600.0
# Features know how long to wait for control; this is the pause before they begin, and after a defect.
_FOLLOW_SECONDS: Final = 0.1


class CognitiveHouse:
    """Everything that serves the minds of agents over one database, and the work that goes on beside calls."""

    def __init__(self, process: Process, features: Features, memory: Channel, chat: Channel) -> None:
        self._process, self._features, self._memory, self._chat = process, features, memory, chat
        database, events, clock = process.database, process.events, process.clock
        self._state_store, self._mind_store = StateStore(database), MindStore(database)
        self._states = States(database, self._state_store, events, clock)
        self._minds = Minds(self._mind_store, features.effects_off, events, clock)
        self._adaptation_store = AdaptationStore(database)
        self._adaptations = Adaptations(database, self._adaptation_store, self._states, self._minds, events, clock)
        self._sleep_store = SleepStore(database)
        self._sleeps = Sleeps(database, self._sleep_store, events, clock)
        self._sleep_watch = SleepWatch(self._sleep_store, clock)
        self._cycles = self._cycles_of(CycleRows(), CycleMemory(memory.stub(MemoryServiceStub)))

    def serve(self) -> None:
        """Add every contract of cognitive to the server of the process."""
        self._serve_states()
        self._serve_adaptation()
        self._serve_sleep()
        self._serve_threads()
        self._serve_acting()

    async def drain(self) -> None:
        """End what would hold up a process that stops: whoever watches asks another one."""
        await self._sleep_watch.drain()

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
        name = "follow the flags"
        yield name, keep_running(name, self._features.run, _FOLLOW_SECONDS)
        yield from self._adaptation_work()
        yield from self._sleep_work()
        yield from self._acting_work()

    def _serve_states(self) -> None:
        process = self._process
        diagnostics = Diagnostics(
            process.database, self._mind_store, self._state_store, self._adaptation_store, process.clock
        )
        process.server.add(
            modulation_grpc.add_ModulationServiceServicer_to_server,
            ModulationServicer(self._minds, self._states, diagnostics),
            "soma.cognitive.v1.ModulationService",
        )
        process.server.add(
            neuromodulator_grpc.add_NeuromodulatorServiceServicer_to_server,
            NeuromodulatorServicer(self._states),
            "soma.cognitive.v1.NeuromodulatorService",
        )

    def _serve_adaptation(self) -> None:
        self._process.server.add(
            adaptation_grpc.add_AdaptationServiceServicer_to_server,
            AdaptationServicer(self._adaptations),
            "soma.cognitive.v1.AdaptationService",
        )

    def _adaptation_work(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        name = "forget what turns had used"
        yield name, keep_running(name, self._adaptations.forget_turns, _FORGET_SECONDS)

    def _serve_sleep(self) -> None:
        self._process.server.add(
            sleep_grpc.add_SleepServiceServicer_to_server,
            SleepServicer(sleeps=self._sleeps, sleep_watch=self._sleep_watch, cycles=self._cycles),
            "soma.cognitive.v1.SleepService",
        )

    def _cycles_of(self, rows: CycleRows, memory: CycleMemory) -> Cycles:
        process, store = self._process, self._sleep_store
        ending = CycleEnding(process.database, rows, store, self._sleeps, process.events, process.clock)
        saga = CycleSaga(process.database, rows, store, memory, ending, process.clock)
        self.sagas = process.orchestrator([saga.definition()])
        return Cycles(process.database, rows, store, ending, self.sagas, process.clock, process.ids)

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

    def _serve_threads(self) -> None:
        process = self._process
        threads = Threads(process.database, ThreadStore(), process.events, process.clock, process.ids)
        servicer = ThreadServicer(threads, Thinking(self._chat.stub(ModelServiceStub)))
        process.server.add(thread_grpc.add_ThreadServiceServicer_to_server, servicer, "soma.cognitive.v1.ThreadService")

    def _serve_acting(self) -> None:
        process = self._process
        acting = Acting(process.database, self._minds, self._memory.stub(MemoryServiceStub), Meanings(), process.clock)
        process.server.add(
            act_grpc.add_ActServiceServicer_to_server, ActServicer(acting), "soma.cognitive.v1.ActService"
        )

    def _acting_work(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        pruning = Pruning(ActStore(self._process.database), self._process.clock)
        name = "prune sessions"
        yield name, keep_running(name, pruning.prune, PRUNE_SECONDS)
