"""Fences over real gRPC: what comes after its compensation is refused, what never came is not undone."""

# ruff: noqa: N802 - methods have the names of the contract

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma.memory.v1 import memory_service_pb2_grpc as memory_grpc
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Database
from soma_common.rpc.call import acting_as, current_call
from soma_common.rpc.idempotency import IdempotencyStore, Once
from soma_common.rpc.server import ServerSettings
from soma_common.rpc.step_mark import Purpose, StepMark, marking
from soma_common.sagas.fences import Fences
from soma_common.sagas.models import SagaDefinition, SagaStep, Status, StepCall, Values
from soma_common.security.methods import METHODS
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import user
from soma_common.testing.postgres import HouseDatabases, OpenDatabase
from soma_common.testing.rpc import Added, RpcHarness, Served
from tests.integration.sagas.conftest import Participant, Sagas
from tests.rpc.library.scripted import ScriptedMemory, nothing, raw_call

pytestmark = pytest.mark.integration

TENANT = user().tenant_id
STORE_MEMORY = "/soma.memory.v1.MemoryService/StoreMemory"


class FencedMemory(ScriptedMemory):
    """A participant: it stores a memory and takes it away, in its own database; tests may hold it up before that."""

    def __init__(self, database: Database) -> None:
        super().__init__(nothing)
        self._database = database
        self.stored: list[str] = []
        self.taken: list[str] = []
        self.arrived = 0
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def StoreMemory(self, request: service_pb.StoreMemoryRequest, context: Any) -> service_pb.StoreMemoryResponse:
        self.arrived += 1
        await self.go_on.wait()
        answer = service_pb.StoreMemoryResponse(memory=memory_pb.Memory(memory_id=request.request_id))
        async with self._database.transaction(current_call().caller.tenant_id) as connection:
            await Once.current().record(connection, answer)
        self.stored.append(request.request_id)
        return answer

    async def DeleteMemory(
        self, request: service_pb.DeleteMemoryRequest, context: Any
    ) -> service_pb.DeleteMemoryResponse:
        answer = service_pb.DeleteMemoryResponse(delete_time=Timestamp(seconds=7))
        async with self._database.transaction(current_call().caller.tenant_id) as connection:
            await Once.current().record(connection, answer)
        self.taken.append(request.memory_id)
        return answer


class Remote:
    """The participant as sagas call it."""

    def __init__(self, servicer: FencedMemory, served: Served, stub: memory_grpc.MemoryServiceStub) -> None:
        self.servicer = servicer
        self.served = served
        self.stub = stub

    async def store(self, key: UUID) -> str:
        with acting_as(user(), "fence"), marking(StepMark(key, Purpose.ACT)):
            return (await self.stub.StoreMemory(store_request(key))).memory.memory_id

    async def take_away(self, key: UUID, purpose: Purpose, request_id: UUID) -> int:
        request = service_pb.DeleteMemoryRequest(memory_id=str(key), request_id=str(request_id))
        with acting_as(user(), "fence"), marking(StepMark(key, purpose)):
            return (await self.stub.DeleteMemory(request)).delete_time.seconds

    def step(self, name: str = "store", **more: Any) -> SagaStep:
        async def act(call: StepCall) -> Values:
            reply = await self.stub.StoreMemory(store_request(call.effect_key))
            return {"memory_id": reply.memory.memory_id}

        async def undo(call: StepCall) -> None:
            request = service_pb.DeleteMemoryRequest(memory_id=str(call.action_key), request_id=str(call.effect_key))
            await self.stub.DeleteMemory(request)

        return SagaStep(name, act, undo, **more)


def store_request(key: UUID) -> service_pb.StoreMemoryRequest:
    return service_pb.StoreMemoryRequest(
        namespace="user:ada",
        kind=memory_pb.MEMORY_KIND_EPISODIC,
        text="a fact",
        source_class=memory_pb.SOURCE_CLASS_USER_SAID,
        request_id=str(key),
    )


@pytest.fixture
async def remote(rpc: RpcHarness, house_database: HouseDatabases, open_database: OpenDatabase) -> Remote:
    database = await open_database(house_database("memory", None))
    servicer = FencedMemory(database)  # type: ignore[abstract]  # no more than the test calls
    added = Added(memory_grpc.add_MemoryServiceServicer_to_server, servicer, "soma.memory.v1.MemoryService")
    served = await rpc.serve("memory", added, idempotency=IdempotencyStore(database))
    return Remote(servicer, served, rpc.channel(served, service="chat").stub(memory_grpc.MemoryServiceStub))


async def test_a_late_step_is_refused_after_its_compensation(remote: Remote) -> None:
    """The step is on its way while it is undone: what it would have done is rolled back."""
    key, undo_key = uuid4(), uuid4()
    remote.servicer.go_on.clear()
    late = asyncio.create_task(remote.store(key))
    await eventually(lambda: remote.servicer.arrived == 1)
    assert await remote.take_away(key, Purpose.UNDO_IF_DONE, undo_key) == 0
    remote.servicer.go_on.set()
    with pytest.raises(SomaError) as caught:
        await late
    assert caught.value.reason is Reason.SAGA_STEP_FENCED
    assert caught.value.metadata == {"effect_key": str(key)}
    with pytest.raises(SomaError):
        await remote.store(key)
    assert (remote.servicer.stored, remote.servicer.taken) == ([], [])


async def test_what_never_came_is_not_undone_however_often_that_is_asked(remote: Remote) -> None:
    key, undo_key = uuid4(), uuid4()
    assert [await remote.take_away(key, Purpose.UNDO_IF_DONE, undo_key) for _ in range(2)] == [0, 0]
    assert remote.servicer.taken == []


async def test_what_came_is_undone_once(remote: Remote) -> None:
    key, undo_key = uuid4(), uuid4()
    assert await remote.store(key) == str(key)
    assert [await remote.take_away(key, Purpose.UNDO_IF_DONE, undo_key) for _ in range(2)] == [7, 7]
    assert remote.servicer.taken == [str(key)]
    assert await remote.store(key) == str(key), "a repeat of what was done is answered as before"
    assert remote.servicer.stored == [str(key)]


async def test_what_is_known_to_be_done_is_undone_even_when_its_fence_was_swept(remote: Remote) -> None:
    assert await remote.take_away(uuid4(), Purpose.UNDO, uuid4()) == 7


async def test_the_mark_of_a_person_means_nothing(remote: Remote, rpc: RpcHarness) -> None:
    """Only a service can say that its call is part of a saga."""
    key = uuid4()
    request = service_pb.DeleteMemoryRequest(memory_id=str(key), request_id=str(uuid4()))
    mark = StepMark(key, Purpose.UNDO_IF_DONE)
    token = rpc.identity.user_token("ada", roles=("member",))
    method = "/soma.memory.v1.MemoryService/DeleteMemory"
    await raw_call(rpc.bare(remote.served), method, request.SerializeToString(), token, x_soma_saga_step=mark.header)
    assert remote.servicer.taken == [str(key)]
    assert await remote.store(key) == str(key)


async def test_a_method_that_records_no_answer_cannot_be_a_step(
    rpc: RpcHarness, house_database: HouseDatabases, open_database: OpenDatabase
) -> None:
    """Its effect would not be fenced: the step is refused as the defect it is, before it has any."""
    database = await open_database(house_database("memory", None))
    servicer = FencedMemory(database)  # type: ignore[abstract]  # no more than the test calls
    added = Added(memory_grpc.add_MemoryServiceServicer_to_server, servicer, "soma.memory.v1.MemoryService")
    rule = replace(METHODS[STORE_MEMORY], finds_repeats=True)
    settings = ServerSettings(rules={**METHODS, STORE_MEMORY: rule})
    served = await rpc.serve("memory", added, idempotency=IdempotencyStore(database), settings=settings)
    stub = rpc.channel(served, service="chat").stub(memory_grpc.MemoryServiceStub)
    with pytest.raises(SomaError) as caught:
        await Remote(servicer, served, stub).store(uuid4())
    assert caught.value.reason is Reason.INTERNAL
    assert servicer.arrived == 0


async def test_a_saga_whose_step_was_lost_on_its_way_leaves_nothing(
    remote: Remote, sagas: Sagas, participant: Participant
) -> None:
    """The answer never comes; the saga turns back; then the step arrives after all."""
    sagas.tenant, sagas.caller = TENANT, user()
    remote.servicer.go_on.clear()
    definition = SagaDefinition("walk", (participant.step("a"), remote.step(timeout_seconds=0.3, retries=0)))
    async with sagas.running(sagas.orchestrator(definition)) as orchestrator:
        saga = await sagas.finished(orchestrator, await sagas.start(orchestrator))
    remote.servicer.go_on.set()
    await eventually(lambda: remote.servicer.arrived >= 1)
    assert saga.status is Status.COMPENSATED
    assert participant.calls == ["a", "-a"]
    assert (remote.servicer.stored, remote.servicer.taken) == ([], [])


async def test_a_saga_undoes_at_its_participant_what_was_done_there(
    remote: Remote, sagas: Sagas, participant: Participant
) -> None:
    sagas.tenant, sagas.caller = TENANT, user()
    participant.fails("c", SomaError(Reason.RESOURCE_NOT_FOUND))
    definition = SagaDefinition("walk", (remote.step(), participant.step("c")))
    async with sagas.running(sagas.orchestrator(definition)) as orchestrator:
        saga = await sagas.finished(orchestrator, await sagas.start(orchestrator))
    assert saga.status is Status.COMPENSATED
    assert remote.servicer.stored == remote.servicer.taken
    assert len(remote.servicer.taken) == 1


async def test_a_consumer_fences_in_the_transaction_of_its_effect(sagas: Sagas) -> None:
    key, late = uuid4(), uuid4()
    other = TenantId(uuid4())
    async with sagas.database.transaction(sagas.tenant) as connection:
        await Fences.act(connection, sagas.tenant, key)
        await Fences.act(connection, sagas.tenant, key)
    async with sagas.database.transaction(sagas.tenant) as connection:
        assert await Fences.undo(connection, sagas.tenant, key)
        assert not await Fences.undo(connection, sagas.tenant, late)
    async with sagas.database.transaction(other) as connection:
        await Fences.act(connection, other, late)
    with pytest.raises(SomaError) as caught:
        async with sagas.database.transaction(sagas.tenant) as connection:
            await Fences.act(connection, sagas.tenant, late)
    assert caught.value.reason is Reason.SAGA_STEP_FENCED


async def test_a_step_and_its_compensation_that_meet_agree(sagas: Sagas) -> None:
    """Whichever is first at the key, the other sees it: it is done and undone, or neither."""
    for _ in range(20):
        key = uuid4()

        async def act(key: UUID = key) -> bool:
            try:
                async with sagas.database.transaction(sagas.tenant) as connection:
                    await Fences.act(connection, sagas.tenant, key)
            except SomaError:
                return False
            return True

        async def undo(key: UUID = key) -> bool:
            async with sagas.database.transaction(sagas.tenant) as connection:
                return await Fences.undo(connection, sagas.tenant, key)

        acted, undone = await asyncio.gather(act(), undo())
        assert acted == undone


def test_a_mark_is_read_as_it_was_written_and_nothing_else_is() -> None:
    mark = StepMark(uuid4(), Purpose.UNDO_IF_DONE)
    assert StepMark.parse(mark.header) == mark
    assert [StepMark.parse(header) for header in (None, "", "act", "act 7", f"sideways {uuid4()}")] == [None] * 5
