"""A mutation that is repeated, over a real server and database, with the answer in the use case's transaction."""

# ruff: noqa: N802 - methods have the names of the contract

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from soma.memory.v1 import memory_service_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2_grpc as memory_grpc
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller
from soma_common.postgres.pool import Database
from soma_common.rpc.call import acting_as, current_call
from soma_common.rpc.idempotency import IdempotencyStore, Once
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import OTHER_TENANT, user
from soma_common.testing.postgres import HouseDatabases, OpenDatabase
from soma_common.testing.rpc import Added, RpcHarness
from tests.rpc.library.scripted import MEMORY_ID, ScriptedMemory, nothing


class CountingMemory(ScriptedMemory):
    """DeleteMemory answers with how often it was begun; everybody waits for `go_on` inside."""

    def __init__(self, database: Database) -> None:
        super().__init__(nothing)
        self._database = database
        self.begun = 0
        self.done = 0
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def DeleteMemory(
        self, request: memory_pb.DeleteMemoryRequest, context: Any
    ) -> memory_pb.DeleteMemoryResponse:
        self.begun += 1
        answer = memory_pb.DeleteMemoryResponse(delete_time=Timestamp(seconds=self.begun))
        await self.go_on.wait()
        async with self._database.transaction(current_call().caller.tenant_id) as connection:
            await Once.current().record(connection, answer)
            self.done += 1
        return answer


class Repeats:
    """A server with this servicer, and a caller of it."""

    def __init__(self, servicer: CountingMemory, stub: memory_grpc.MemoryServiceStub) -> None:
        self.servicer = servicer
        self._stub = stub

    async def delete(self, request_id: str, memory_id: str = MEMORY_ID, caller: Caller | None = None) -> int:
        """Calls, and gives the number in the answer."""
        request = memory_pb.DeleteMemoryRequest(memory_id=memory_id, request_id=request_id)
        with acting_as(caller or user(), "repeat"):
            return (await self._stub.DeleteMemory(request)).delete_time.seconds


@pytest.fixture
async def repeats(rpc: RpcHarness, house_database: HouseDatabases, open_database: OpenDatabase) -> Repeats:
    database = await open_database(house_database("memory", None))
    servicer = CountingMemory(database)  # type: ignore[abstract]  # no more than the test calls
    added = Added(memory_grpc.add_MemoryServiceServicer_to_server, servicer, "soma.memory.v1.MemoryService")
    served = await rpc.serve("memory", added, idempotency=IdempotencyStore(database))
    return Repeats(servicer, rpc.channel(served).stub(memory_grpc.MemoryServiceStub))


async def test_the_same_request_is_done_once_and_answered_alike(repeats: Repeats) -> None:
    request_id = str(uuid4())
    assert [await repeats.delete(request_id) for _ in range(3)] == [1, 1, 1]
    assert repeats.servicer.begun == 1
    assert await repeats.delete(str(uuid4())) == 2


async def test_the_same_id_with_another_body_is_refused(repeats: Repeats) -> None:
    request_id = str(uuid4())
    await repeats.delete(request_id)
    with pytest.raises(SomaError) as caught:
        await repeats.delete(request_id, str(uuid4()))
    assert caught.value.reason is Reason.REQUEST_ID_REUSED
    assert caught.value.metadata == {"request_id": request_id}


async def test_ids_of_other_people_and_tenants_do_not_meet(repeats: Repeats) -> None:
    request_id = str(uuid4())
    callers = [user("ada"), user("grace"), user("ada", OTHER_TENANT)]
    assert [await repeats.delete(request_id, caller=caller) for caller in callers] == [1, 2, 3]


async def test_repeats_at_the_same_moment_are_done_once(repeats: Repeats) -> None:
    request_id = str(uuid4())
    repeats.servicer.go_on.clear()
    calls = [asyncio.create_task(repeats.delete(request_id)) for _ in range(2)]
    await eventually(lambda: repeats.servicer.begun == 2)
    repeats.servicer.go_on.set()
    answers = await asyncio.gather(*calls)
    assert answers[0] == answers[1]
    assert repeats.servicer.done == 1
