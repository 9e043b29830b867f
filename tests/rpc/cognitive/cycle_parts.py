"""Sleep cycles as a process has them, over a database and a memory."""

from typing import Final

from servers.cognitive.sleeping.cycle_ending import CycleEnding
from servers.cognitive.sleeping.cycle_memory import CycleMemory
from servers.cognitive.sleeping.cycle_rows import CycleRows
from servers.cognitive.sleeping.cycle_saga import CycleSaga
from servers.cognitive.sleeping.cycles import Cycles
from servers.cognitive.sleeping.store import SleepStore
from servers.cognitive.sleeping.transitions import Sleeps
from soma.memory.v1.memory_service_pb2_grpc import MemoryServiceStub
from soma_common.events.store import EventStore
from soma_common.kernel.backoff import Backoff
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.postgres.pool import Database
from soma_common.sagas.conduct import Conduct
from soma_common.sagas.failpoints import Reached, pass_by
from soma_common.sagas.orchestrator import SagaOrchestrator
from soma_common.sagas.plan import Pace

QUICK: Final = Pace(
    step=Backoff(first_seconds=0.01, longest_seconds=0.02),
    slow=Backoff(first_seconds=0.02, longest_seconds=0.05),
    undo=Backoff(first_seconds=0.01, longest_seconds=0.05, max_attempts=6),
)


def cycles_on(
    database: Database,
    sleeps: SleepStore,
    memory: MemoryServiceStub,
    clock: Clock,
    reached: Reached = pass_by,
    lease_seconds: float = 10.0,
) -> tuple[Cycles, SagaOrchestrator]:
    """The use cases, and the sagas that one process runs; until somebody runs them no cycle goes on."""
    events, rows = EventStore("cognitive"), CycleRows()
    ending = CycleEnding(database, rows, sleeps, Sleeps(database, sleeps, events, clock), events, clock)
    saga = CycleSaga(database, rows, sleeps, CycleMemory(memory), ending, clock)
    conduct = Conduct(pace=QUICK, lease_seconds=lease_seconds)
    sagas = SagaOrchestrator(database, events, [saga.definition()], Clock(), Ids(), conduct, reached)
    return Cycles(database, rows, sleeps, ending, sagas, clock, Ids()), sagas
