"""The saga `subject.forget`: every house erases the person, then all look again, then nothing knows whom it was for.

Who may begin it, and what is answered, stands in `forgetting.py`. Its input is its id alone: the name stands in the row
of the erasure and goes with its last step.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, Protocol
from uuid import UUID

from servers.memory.erasure.rows import Erasure, ErasureRows
from soma.common.v1 import erasure_pb2 as erasure_pb
from soma.events.v1 import house_operations_service_pb2 as operations_pb
from soma.events.v1 import payloads_pb2
from soma.events.v1.house_operations_service_pb2_grpc import HouseOperationsServiceStub
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import service_caller
from soma_common.operations.erasing import Erasing
from soma_common.operations.subjects import Subject, pseudonym
from soma_common.postgres.pool import Connection, Database
from soma_common.rpc.call import acting_as, current_call
from soma_common.sagas.models import SagaDefinition, SagaStep, StepCall

NAME: Final = "subject.forget"
# Turns end and are billed where they are, so chat comes first; what the others then have does not grow any more.
HOUSES: Final = ("chat", "cognitive", "governor", "control", "memory")
STEP_SECONDS: Final = 300.0
# An hour of tries every few seconds, then ever more seldom; after a week without a house a person has to look.
QUICK_TRIES: Final = 400
PATIENCE_SECONDS: Final = 7 * 86_400.0


class House(Protocol):
    """A house that can erase a person."""

    async def erase(self, subject: Subject, request_id: UUID) -> Sequence[erasure_pb.StoreErasure]:
        """Erase and look; the lines of the report. Raises SomaError."""
        ...


class OwnHouse:
    """Memory itself."""

    def __init__(self, erasing: Erasing) -> None:
        self._erasing = erasing

    async def erase(self, subject: Subject, _: UUID) -> Sequence[erasure_pb.StoreErasure]:
        """In this process."""
        return await self._erasing.erase(subject)


class PeerHouse:
    """Another house, by its door for operations."""

    def __init__(self, stub: HouseOperationsServiceStub) -> None:
        self._stub = stub

    async def erase(self, subject: Subject, request_id: UUID) -> Sequence[erasure_pb.StoreErasure]:
        """Over there, as memory itself."""
        request = operations_pb.EraseSubjectRequest(
            erasure_id=str(subject.erasure_id), sub=subject.sub, request_id=str(request_id)
        )
        call = current_call()
        left = call.remaining_seconds()
        with acting_as(service_caller("memory", subject.tenant_id), call.correlation_id, left):
            return (await self._stub.EraseSubject(request)).stores


class Forgetting:
    """The steps. None can be undone."""

    def __init__(
        self, database: Database, rows: ErasureRows, houses: Mapping[str, House], events: EventStore, clock: Clock
    ) -> None:
        self._database = database
        self._rows = rows
        self._houses = houses
        self._events = events
        self._clock = clock

    def definition(self) -> SagaDefinition:
        """The saga."""
        far = (
            SagaStep(f"erase_{name}", self._erase, timeout_seconds=STEP_SECONDS, retries=QUICK_TRIES) for name in HOUSES
        )
        return SagaDefinition(
            name=NAME,
            steps=(
                SagaStep("fence", self._fence, local=True),
                *far,
                SagaStep("look_again", self._look_again, timeout_seconds=STEP_SECONDS, retries=QUICK_TRIES),
                SagaStep("end", self._end, local=True),
            ),
            timeout_seconds=PATIENCE_SECONDS,
        )

    async def _fence(self, call: StepCall) -> None:
        """The transaction that began the saga has set the fence; from here on there is no way back."""

    async def _erase(self, call: StepCall) -> None:
        house = call.step.removeprefix("erase_")
        await self._report(call, await self._erase_in(house, call))

    async def _look_again(self, call: StepCall) -> None:
        """Everywhere at once: what arrived meanwhile goes as well. Done only when nobody has the name."""
        found = await asyncio.gather(*(self._erase_in(name, call) for name in HOUSES))
        lines = [line for house in found for line in house]
        await self._report(call, lines)
        if any(line.state == erasure_pb.ERASURE_STATE_FAILED for line in lines):
            raise SomaError(Reason.CONFLICT)

    async def _erase_in(self, house: str, call: StepCall) -> Sequence[erasure_pb.StoreErasure]:
        erasure = await self._found(call)
        if erasure.sub is None:
            return ()
        subject = Subject(call.tenant_id, erasure.erasure_id, erasure.sub, pseudonym())
        return await self._houses[house].erase(subject, call.effect_key)

    async def _found(self, call: StepCall) -> Erasure:
        async def work(connection: Connection) -> Erasure | None:
            return await self._rows.find(connection, call.saga_id, "")

        found = await self._database.run(call.tenant_id, work)
        if found is None:
            raise LookupError(f"there is no erasure {call.saga_id}")
        return found

    async def _report(self, call: StepCall, lines: Sequence[erasure_pb.StoreErasure]) -> None:
        await self._database.run(call.tenant_id, lambda it: self._rows.put(it, call.tenant_id, call.saga_id, lines))

    async def _end(self, call: StepCall) -> None:
        erased = await self._rows.end(call.connection, call.saga_id, self._clock.now())
        if erased is None:
            return
        payload = payloads_pb2.SubjectErased(erasure_id=str(call.saga_id), erased_count=erased)
        draft = EventDraft("memory.erasure.ended", f"erasure/{call.saga_id}", payload, call.correlation_id)
        await self._events.append(call.connection, call.tenant_id, [draft])
