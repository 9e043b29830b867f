"""The servicer of a house's operations: protos in, letters and sagas asked, protos out.

Nothing here decides what becomes of a letter or a saga.
"""

from typing import Any, Final
from uuid import UUID

from google.protobuf.message import Message

from soma.events.v1 import dead_letter_pb2 as letter_pb
from soma.events.v1 import house_operations_service_pb2 as operations_pb
from soma.events.v1 import house_operations_service_pb2_grpc as operations_grpc
from soma_common.dlq.handler import DLQHandler, LetterFilter
from soma_common.dlq.letters import DeadLetter, LetterPlace
from soma_common.kernel.errors import SomaError, not_found
from soma_common.kernel.paging import DEFAULT_PAGE_SIZE
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import SYSTEM_TENANT, TenantId
from soma_common.operations import sagas
from soma_common.operations.erasing import Erasing
from soma_common.operations.letters import edited_body, filter_of, letter_message
from soma_common.operations.shared_stores import shared_erasers
from soma_common.operations.subjects import Subject, pseudonym
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries
from soma_common.rpc.call import current_call
from soma_common.rpc.idempotency import Once
from soma_common.sagas.orchestrator import SagaOrchestrator

_SQL: Final = Queries.of("soma_common.operations", "sql/operations.sql")
_OfSomebody = (
    operations_pb.ListDeadLettersRequest
    | operations_pb.GetDeadLetterRequest
    | operations_pb.RetryDeadLetterRequest
    | operations_pb.DiscardDeadLetterRequest
)
FULL_NAME: Final = "soma.events.v1.HouseOperationsService"


class HouseOperationsServicer(operations_grpc.HouseOperationsServiceServicer):
    """`soma.events.v1.HouseOperationsService` of one house."""

    def __init__(
        self,
        house: str,
        database: Database,
        letters: DLQHandler,
        orchestrator: SagaOrchestrator | None,
        erasing: Erasing | None = None,
    ) -> None:
        """A house without sagas hands in none; one without stores of its own has the shared ones erased."""
        self._erasing = erasing or Erasing(house, shared_erasers(database))
        self._house = house
        self._database = database
        self._letters = letters
        self._sagas = orchestrator

    async def ListSagas(  # noqa: N802 - the contract's name
        self, request: operations_pb.ListSagasRequest, _: Any
    ) -> operations_pb.ListSagasResponse:
        """Sagas, the newest first."""
        if self._sagas is None:
            return operations_pb.ListSagasResponse()
        found = await self._sagas.list_sagas(
            current_call().caller.tenant_id,
            sagas.filter_of(request),
            request.page_size or DEFAULT_PAGE_SIZE,
            sagas.place_of(request),
        )
        return operations_pb.ListSagasResponse(
            sagas=[sagas.saga_message(self._house, saga, whole=False) for saga in found]
        )

    async def GetSaga(  # noqa: N802 - the contract's name
        self, request: operations_pb.GetSagaRequest, _: Any
    ) -> operations_pb.GetSagaResponse:
        """One saga with its steps."""
        found = await self._those(request.saga_id).get_saga(current_call().caller.tenant_id, UUID(request.saga_id))
        return operations_pb.GetSagaResponse(saga=sagas.saga_message(self._house, found, whole=True))

    async def ResumeSaga(  # noqa: N802 - the contract's name
        self, request: operations_pb.ResumeSagaRequest, _: Any
    ) -> operations_pb.ResumeSagaResponse:
        """Have a stuck one go on."""
        caller = current_call().caller
        found = await self._those(request.saga_id).resume(caller.tenant_id, UUID(request.saga_id), caller.sub)
        answer = operations_pb.ResumeSagaResponse(saga=sagas.saga_message(self._house, found, whole=False))
        await self._keep_answer(answer)
        return answer

    async def CompensateSaga(  # noqa: N802 - the contract's name
        self, request: operations_pb.CompensateSagaRequest, _: Any
    ) -> operations_pb.CompensateSagaResponse:
        """Have one undone."""
        caller = current_call().caller
        found = await self._those(request.saga_id).compensate(caller.tenant_id, UUID(request.saga_id), caller.sub)
        answer = operations_pb.CompensateSagaResponse(saga=sagas.saga_message(self._house, found, whole=False))
        await self._keep_answer(answer)
        return answer

    async def ListDeadLetters(  # noqa: N802 - the contract's name
        self, request: operations_pb.ListDeadLettersRequest, _: Any
    ) -> operations_pb.ListDeadLettersResponse:
        """Dead letters, the oldest event first."""
        tenant_id, most = _tenant(request, "tenants:read"), request.page_size or DEFAULT_PAGE_SIZE
        found = await self._letters.list_dlq_events(tenant_id, filter_of(request), most, _place(request))
        return operations_pb.ListDeadLettersResponse(dead_letters=[self._message(letter) for letter in found])

    async def GetDeadLetter(  # noqa: N802 - the contract's name
        self, request: operations_pb.GetDeadLetterRequest, _: Any
    ) -> operations_pb.GetDeadLetterResponse:
        """One letter with its bytes."""
        tenant_id = _tenant(request, "tenants:read")
        letter = await self._letters.get(tenant_id, request.consumer, UUID(request.event_id))
        return operations_pb.GetDeadLetterResponse(dead_letter=self._message(letter, whole=True))

    async def RetryDeadLetter(  # noqa: N802 - the contract's name
        self, request: operations_pb.RetryDeadLetterRequest, _: Any
    ) -> operations_pb.RetryDeadLetterResponse:
        """Have one tried again."""
        tenant_id, event_id, sub = _tenant(request, "tenants:write"), UUID(request.event_id), current_call().caller.sub
        body = None
        if request.edited_payload:
            letter = await self._letters.get(tenant_id, request.consumer, event_id)
            body = edited_body(letter, request.edited_payload)

        async def work(connection: Connection) -> operations_pb.RetryDeadLetterResponse:
            letter = await self._letters.retry_event(tenant_id, request.consumer, event_id, sub, body, connection)
            answer = operations_pb.RetryDeadLetterResponse(dead_letter=self._message(letter))
            await _record(connection, answer)
            return answer

        return await self._database.run(tenant_id, work)

    async def RetryDeadLetters(  # noqa: N802 - the contract's name
        self, request: operations_pb.RetryDeadLettersRequest, _: Any
    ) -> operations_pb.RetryDeadLettersResponse:
        """Have parked ones tried again."""
        caller = current_call().caller
        wanted = LetterFilter(consumer=request.consumer or None, stream=request.stream or None)
        most = request.page_size or DEFAULT_PAGE_SIZE

        async def work(connection: Connection) -> operations_pb.RetryDeadLettersResponse:
            letters = await self._letters.retry_batch(
                caller.tenant_id, wanted, caller.sub, most, _place(request), connection
            )
            answer = operations_pb.RetryDeadLettersResponse(retried_count=len(letters))
            if len(letters) == most:
                answer.last.event_id, answer.last.consumer = str(letters[-1].event_id), letters[-1].consumer
            await _record(connection, answer)
            return answer

        return await self._database.run(caller.tenant_id, work)

    async def DiscardDeadLetter(  # noqa: N802 - the contract's name
        self, request: operations_pb.DiscardDeadLetterRequest, _: Any
    ) -> operations_pb.DiscardDeadLetterResponse:
        """Give one up."""
        tenant_id, event_id, sub = _tenant(request, "tenants:write"), UUID(request.event_id), current_call().caller.sub

        async def work(connection: Connection) -> operations_pb.DiscardDeadLetterResponse:
            letter = await self._letters.discard(tenant_id, request.consumer, event_id, sub, connection)
            answer = operations_pb.DiscardDeadLetterResponse(dead_letter=self._message(letter))
            await _record(connection, answer)
            return answer

        return await self._database.run(tenant_id, work)

    async def EraseSubject(  # noqa: N802 - the contract's name
        self, request: operations_pb.EraseSubjectRequest, _: Any
    ) -> operations_pb.EraseSubjectResponse:
        """Erase a person from every store of the house and look for it afterwards.

        No answer is kept: a repeat erases again what came since, and looks again.
        """
        tenant_id = current_call().caller.tenant_id
        subject = Subject(tenant_id, UUID(request.erasure_id), request.sub, pseudonym())
        return operations_pb.EraseSubjectResponse(stores=await self._erasing.erase(subject))

    def _those(self, saga_id: str) -> SagaOrchestrator:
        """The sagas of this house. Raises SomaError(RESOURCE_NOT_FOUND) where there are none."""
        if self._sagas is None:
            raise not_found("saga", saga_id)
        return self._sagas

    async def _keep_answer(self, answer: Message) -> None:
        """A saga moves in a transaction of its own: a repeat that comes before this line moves it again, to no harm."""
        await self._database.run(current_call().caller.tenant_id, lambda connection: _record(connection, answer))

    def _message(self, letter: DeadLetter, *, whole: bool = False) -> letter_pb.DeadLetter:
        return letter_message(self._house, letter, whole=whole)


def _place(request: operations_pb.ListDeadLettersRequest | operations_pb.RetryDeadLettersRequest) -> LetterPlace | None:
    """Where the list goes on."""
    if not request.HasField("after"):
        return None
    return LetterPlace(UUID(request.after.event_id), request.after.consumer)


def _tenant(request: _OfSomebody, scope: str) -> TenantId:
    """Whose letters are meant. Raises SomaError(SCOPE_MISSING) for those of the installation without its scope."""
    caller = current_call().caller
    if not request.system:
        return caller.tenant_id
    if scope not in caller.scopes:
        raise SomaError(Reason.SCOPE_MISSING, {"scope": scope, "role": "admin"})
    return SYSTEM_TENANT


async def _record(connection: Connection, answer: Message) -> None:
    """Keep the answer beside the change, as the caller's: the letter may be the installation's."""
    await connection.fetchval(_SQL.write_as, str(current_call().caller.tenant_id))
    await Once.current().record(connection, answer)
