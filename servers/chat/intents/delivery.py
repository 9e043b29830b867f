"""Delivering what other services must be told after a turn: claimed, repeated until it is heard, or made a dead letter.

What is told was decided when the turn ended.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from google.protobuf.message import DecodeError

from servers.chat.intents.intent import EXTRACT, FEEDBACK, LEARN, RELEASE, TITLE, DueIntent
from servers.chat.intents.letters import PATIENCE, IntentLetters
from servers.chat.means import Means
from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
from soma.cognitive.v1.modulation_service_pb2_grpc import ModulationServiceStub
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1.governor_service_pb2_grpc import GovernorServiceStub
from soma.memory.v1 import memory_service_pb2 as memory_pb
from soma.memory.v1.memory_service_pb2_grpc import MemoryServiceStub
from soma_common.kernel.errors import SomaError, invalid_field
from soma_common.kernel.reasons import Kind, Reason
from soma_common.logging import get_logger
from soma_common.postgres.queries import Queries
from soma_common.rpc.call import acting_as

_SQL: Final = Queries.of("servers.chat", "sql/intents.sql")
_LOG: Final = get_logger("soma.chat.intents")

LEASE_SECONDS: Final = 30.0
CALL_SECONDS: Final = 10.0
POLL_SECONDS: Final = 1.0
LETTERS_SECONDS: Final = 2.0
BATCH: Final = 16
# An answer that says: there is nothing to be told any more.
_HEARD: Final[Mapping[str, frozenset[Reason]]] = {
    "settle_turn": frozenset((Reason.RESOURCE_NOT_FOUND,)),
    RELEASE: frozenset((Reason.RESOURCE_NOT_FOUND,)),
    "observe_turn": frozenset(),
    # Without the agent there is nothing that could learn.
    FEEDBACK: frozenset((Reason.RESOURCE_NOT_FOUND,)),
    "store_memory": frozenset((Reason.MEMORY_REFUSED,)),
    LEARN: frozenset((Reason.MEMORY_REFUSED,)),
    EXTRACT: frozenset(),
    "forget_memory": frozenset(),
    TITLE: frozenset(),
}
# What cannot become right by repeating it.
_HOPELESS: Final = frozenset(
    (Kind.INVALID_ARGUMENT, Kind.PERMISSION_DENIED, Kind.UNIMPLEMENTED, Kind.ALREADY_EXISTS, Kind.NOT_FOUND)
)

Call = Callable[[DueIntent], Awaitable[object]]
# Kinds that call a model: nobody else waits for them, and a process with so many on their way claims no more.
SLOW: Final = (TITLE, EXTRACT)
MOST_SLOW: Final = 8


class Intents:
    """Delivers intents of all tenants, a few at a time."""

    def __init__(
        self,
        means: Means,
        letters: IntentLetters,
        governor: GovernorServiceStub,
        memory: MemoryServiceStub,
        cognitive: ModulationServiceStub,
        own: Mapping[str, Call],
    ) -> None:
        """`own` are the kinds that this house sees to itself."""
        self._database = means.database
        self._instance = means.instance
        self._letters = letters
        self._metrics = means.metrics
        self._wanted = asyncio.Event()
        self._chance = random.SystemRandom()
        self._slow: set[asyncio.Task[None]] = set()
        self._calls: Mapping[str, Call] = {
            "settle_turn": lambda intent: governor.SettleTurn(
                governor_pb.SettleTurnRequest.FromString(intent.payload), timeout=CALL_SECONDS
            ),
            RELEASE: lambda intent: governor.ReleaseReservation(
                governor_pb.ReleaseReservationRequest.FromString(intent.payload), timeout=CALL_SECONDS
            ),
            "observe_turn": lambda intent: cognitive.ObserveTurn(
                modulation_pb.ObserveTurnRequest.FromString(intent.payload), timeout=CALL_SECONDS
            ),
            "store_memory": lambda intent: memory.StoreMemory(
                memory_pb.StoreMemoryRequest.FromString(intent.payload), timeout=CALL_SECONDS
            ),
            LEARN: lambda intent: memory.BatchStoreMemories(
                memory_pb.BatchStoreMemoriesRequest.FromString(intent.payload), timeout=CALL_SECONDS
            ),
            "forget_memory": lambda intent: memory.DeleteBySource(
                memory_pb.DeleteBySourceRequest.FromString(intent.payload), timeout=CALL_SECONDS
            ),
            **own,
        }

    @property
    def slow(self) -> int:
        """How many that call a model are on their way."""
        return len(self._slow)

    def wake(self) -> None:
        """Says that there is something to deliver."""
        self._wanted.set()

    async def run(self) -> None:
        """Delivers until cancelled."""
        while True:
            try:
                delivered = await self.deliver_due()
            except SomaError as error:
                _LOG.info("the intents wait for the database", reason=error.reason.value)
                delivered = 0
            if delivered < BATCH:
                await self._pause()

    async def run_letters(self) -> None:
        """Delivers dead letters whose time has come, until cancelled."""
        while True:
            try:
                while await self.deliver_letters():
                    pass
            except SomaError as error:
                _LOG.info("dead letters wait for the database", reason=error.reason.value)
            await asyncio.sleep(LETTERS_SECONDS)

    async def deliver_letters(self) -> int:
        """Claims a few letters and delivers them; returns how many were tried."""
        intents = await self._letters.due()
        await asyncio.gather(*(self._deliver_letter(intent) for intent in intents))
        return len(intents)

    async def _deliver_letter(self, intent: DueIntent) -> None:
        error = await self._told(intent)
        if error is None:
            self._metrics.intent(intent.kind, "recovered")
            await self._letters.heard(intent)
            return
        self._metrics.intent(intent.kind, "parked")
        await self._letters.put_back(intent, error, self._chance.random(), hopeless=error.kind in _HOPELESS)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await self._wanted.wait()
        except TimeoutError:
            return
        finally:
            self._wanted.clear()

    async def deliver_due(self) -> int:
        """Claims a batch and delivers it; returns how many were claimed."""
        not_now = SLOW if len(self._slow) >= MOST_SLOW else ()
        kinds = [kind for kind in self._calls if kind not in not_now]
        values = (LEASE_SECONDS, BATCH, kinds, self._instance.epoch)
        rows = await self._database.worker_statement(_SQL.claim, *values)
        claimed = [DueIntent(**row) for row in rows]
        for intent in (each for each in claimed if each.kind in SLOW):
            task = asyncio.create_task(self._deliver_alone(intent), name=f"{intent.kind} {intent.turn_id}")
            self._slow.add(task)
            task.add_done_callback(self._slow.discard)
        intents = [intent for intent in claimed if intent.kind not in SLOW]
        heard = await asyncio.gather(*(self._deliver(intent) for intent in intents))
        await self._forget([intent for intent, told in zip(intents, heard, strict=True) if told])
        return len(rows)

    async def _deliver_alone(self, intent: DueIntent) -> None:
        """One that nobody waits for. What a defect leaves is delivered again when its claim has run out."""
        try:
            if await self._deliver(intent):
                await self._forget([intent])
        except Exception as error:  # noqa: BLE001 - the net of its task: nobody else would hear of it
            _LOG.error("an intent failed by a defect", kind=intent.kind, turn_id=str(intent.turn_id), exc_info=error)

    async def _deliver(self, intent: DueIntent) -> bool:
        """Whether it was heard; what was not is put off or given up."""
        error = await self._told(intent)
        if error is not None:
            await self._not_heard(intent, error)
        return error is None

    async def _told(self, intent: DueIntent) -> SomaError | None:
        """Tells it; answers why it was not heard."""
        with acting_as(intent.caller, intent.correlation_id):
            try:
                await self._calls[intent.kind](intent)
            except DecodeError:
                return invalid_field("payload", "its bytes are no request of this kind")
            except SomaError as error:
                return None if error.reason in _HEARD[intent.kind] else error
        return None

    async def _forget(self, heard: Sequence[DueIntent]) -> None:
        """Deletes what was heard, all at once; what is left by a failure is delivered again, which changes nothing."""
        if not heard:
            return
        for intent in heard:
            self._metrics.intent(intent.kind, "delivered")
        tenants, ids = [intent.tenant_id for intent in heard], [intent.intent_id for intent in heard]
        try:
            await self._database.worker_statement(_SQL.delivered, tenants, ids)
        except SomaError as error:
            _LOG.info("intents will be delivered again", intents=len(heard), reason=error.reason.value)

    async def _not_heard(self, intent: DueIntent, error: SomaError) -> None:
        """A write that fails leaves the claim to run out: the intent is delivered again, which changes nothing."""
        wait_seconds = PATIENCE.wait_seconds(intent.attempts, self._chance.random())
        hopeless = error.kind in _HOPELESS
        try:
            if hopeless or wait_seconds is None:
                await self._letters.park(intent, error, hopeless=hopeless)
                self._metrics.intent(intent.kind, "parked")
            else:
                self._metrics.intent(intent.kind, "postponed")
                key = (intent.tenant_id, intent.intent_id)
                await self._database.worker_statement(_SQL.postpone, *key, wait_seconds, error.reason.value)
        except SomaError as problem:
            _LOG.info("an intent will be delivered again", kind=intent.kind, reason=problem.reason.value)
