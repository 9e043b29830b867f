"""Delivering what other services must be told after a turn: claimed, repeated until it is heard, or parked.

What is told was decided when the turn ended.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from servers.chat.metrics import TurnMetrics
from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
from soma.cognitive.v1.modulation_service_pb2_grpc import ModulationServiceStub
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1.governor_service_pb2_grpc import GovernorServiceStub
from soma.memory.v1 import memory_service_pb2 as memory_pb
from soma.memory.v1.memory_service_pb2_grpc import MemoryServiceStub
from soma_common.kernel.backoff import Backoff
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Kind, Reason
from soma_common.kernel.tenancy import Caller, TenantId
from soma_common.logging import get_logger
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries
from soma_common.rpc.call import acting_as

_SQL: Final = Queries.of("servers.chat", "sql/intents.sql")
_LOG: Final = get_logger("soma.chat.intents")

LEASE_SECONDS: Final = 30.0
CALL_SECONDS: Final = 10.0
POLL_SECONDS: Final = 1.0
BATCH: Final = 16
# Some hours of patience; after it a person has to look.
PATIENCE: Final = Backoff(first_seconds=0.5, longest_seconds=300.0, factor=2.0, max_attempts=40)
# An answer that says: there is nothing to be told any more.
_HEARD: Final[Mapping[str, frozenset[Reason]]] = {
    "settle_turn": frozenset((Reason.RESOURCE_NOT_FOUND,)),
    "observe_turn": frozenset(),
    "store_memory": frozenset((Reason.MEMORY_REFUSED,)),
}
# What cannot become right by repeating it.
_HOPELESS: Final = frozenset(
    (Kind.INVALID_ARGUMENT, Kind.PERMISSION_DENIED, Kind.UNIMPLEMENTED, Kind.ALREADY_EXISTS, Kind.NOT_FOUND)
)

Call = Callable[[bytes], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class DueIntent:
    """An intent that was claimed."""

    tenant_id: UUID
    intent_id: UUID
    owner_sub: str
    caller_roles: Sequence[str]
    caller_scopes: Sequence[str]
    correlation_id: str
    turn_id: UUID
    kind: str
    payload: bytes
    attempts: int


class Intents:
    """Delivers intents of all tenants, a few at a time."""

    def __init__(
        self,
        database: Database,
        governor: GovernorServiceStub,
        memory: MemoryServiceStub,
        cognitive: ModulationServiceStub,
        metrics: TurnMetrics,
    ) -> None:
        self._database = database
        self._metrics = metrics
        self._wanted = asyncio.Event()
        self._chance = random.SystemRandom()
        self._calls: Mapping[str, Call] = {
            "settle_turn": lambda payload: governor.SettleTurn(
                governor_pb.SettleTurnRequest.FromString(payload), timeout=CALL_SECONDS
            ),
            "observe_turn": lambda payload: cognitive.ObserveTurn(
                modulation_pb.ObserveTurnRequest.FromString(payload), timeout=CALL_SECONDS
            ),
            "store_memory": lambda payload: memory.StoreMemory(
                memory_pb.StoreMemoryRequest.FromString(payload), timeout=CALL_SECONDS
            ),
        }

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
        rows = await self._database.worker_statement(_SQL.claim, LEASE_SECONDS, BATCH)
        intents = [DueIntent(**row) for row in rows]
        heard = await asyncio.gather(*(self._deliver(intent) for intent in intents))
        await self._forget([intent for intent, told in zip(intents, heard, strict=True) if told])
        return len(rows)

    async def _deliver(self, intent: DueIntent) -> bool:
        """Whether it was heard; what was not is put off or parked."""
        caller = Caller(
            TenantId(intent.tenant_id),
            intent.owner_sub,
            frozenset(intent.caller_roles),
            frozenset(intent.caller_scopes),
        )
        with acting_as(caller, intent.correlation_id):
            try:
                await self._calls[intent.kind](intent.payload)
            except SomaError as error:
                if error.reason not in _HEARD[intent.kind]:
                    await self._not_heard(intent, error)
                    return False
        return True

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
        wait_seconds = PATIENCE.wait_seconds(intent.attempts, self._chance.random())
        if error.kind in _HOPELESS or wait_seconds is None:
            _LOG.error("an intent is parked", kind=intent.kind, turn_id=str(intent.turn_id), reason=error.reason.value)
            await self._write(intent, "parked", _SQL.park, error.reason.value)
        else:
            await self._write(intent, "postponed", _SQL.postpone, wait_seconds, error.reason.value)

    async def _write(self, intent: DueIntent, outcome: str, statement: str, *values: object) -> None:
        """A write that fails leaves the claim to run out: the intent is delivered again, which changes nothing."""
        self._metrics.intent(intent.kind, outcome)
        key = (intent.tenant_id, intent.intent_id)
        try:
            await self._database.worker_statement(statement, *key, *values)
        except SomaError as error:
            _LOG.info("an intent will be delivered again", kind=intent.kind, reason=error.reason.value)
