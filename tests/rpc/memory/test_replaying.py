"""What a sleep cycle replays, and a consolidation of exactly the memories it names."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from soma.memory.v1 import upkeep_pb2
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import service_caller
from soma_common.rpc.call import acting_as
from soma_common.rpc.step_mark import Purpose, StepMark, marking
from soma_common.testing.identity import TENANT, user
from tests.rpc.memory.conftest import Remembering
from tests.rpc.memory.test_consolidations import BIKE, OTHER, TEA, some
from tests.rpc.memory.upkeep_acts import consolidate, memory_at, put, recallable, rows

HERE = "user:ada"


@pytest.fixture(autouse=True)
def as_ada() -> Iterator[None]:
    with acting_as(user("ada"), "test"):
        yield


async def replayed(remembering: Remembering, **fields: object) -> list[UUID]:
    request = upkeep_pb2.ReplayMemoriesRequest(**{"namespaces": [HERE]} | fields)  # type: ignore[arg-type]
    with acting_as(service_caller("cognitive", TENANT), "test"):
        answer = await remembering.cognitive.ReplayMemories(request)
    return [UUID(memory.memory_id) for memory in answer.memories]


async def test_the_most_important_that_may_be_consolidated_come_first(remembering: Remembering) -> None:
    now = remembering.clock.now()
    low, high = memory_at(now, "It rained.", importance=0.1), memory_at(now, "Ada married.", importance=1.0)
    often = memory_at(now, "The key is under the mat.", importance=0.1, access_count=9)
    never = [
        memory_at(now, "Pinned.", pinned=True),
        memory_at(now, "Keyed.", coordinate="1,2"),
        memory_at(now, "Filled.", payload="{}"),
        memory_at(now, "Hidden.", hidden_by=1),
        memory_at(now, "Elsewhere.", namespace="user:bob"),
    ]
    await put(remembering, low, high, often, *never)
    assert await replayed(remembering) == [it.memory_id for it in (high, often, low)]
    assert await replayed(remembering, max_memories=1) == [high.memory_id]
    again = [str(it.memory_id) for it in (low, high, never[3])]
    assert await replayed(remembering, namespaces=[], memory_ids=again) == [low.memory_id, high.memory_id]


async def test_only_cognitive_replays(remembering: Remembering) -> None:
    with pytest.raises(SomaError) as refused:
        await remembering.user.ReplayMemories(upkeep_pb2.ReplayMemoriesRequest(namespaces=[HERE]))
    assert refused.value.reason is Reason.CALLER_NOT_ALLOWED


async def test_exactly_the_named_memories_are_consolidated(remembering: Remembering) -> None:
    now = remembering.clock.now()
    tea, rest = some(now, *TEA), some(now, *BIKE, *OTHER)
    await put(remembering, *tea, *rest)
    async with remembering.upkeep.running():
        done = (await consolidate(remembering, memory_ids=[str(it.memory_id) for it in tea])).consolidation
    assert (done.source_count, done.fact_count, done.coverage) == (4, 1, 1.0)
    assert {it.memory_id for it in rest} < await recallable(remembering)
    assert set(await replayed(remembering)) == {it.memory_id for it in rest}


async def test_a_step_that_was_undone_before_it_came_begins_nothing(remembering: Remembering) -> None:
    """Of a consolidation and of a sweep alike: whoever undid them was told that there was nothing."""
    await put(remembering, *some(remembering.clock.now(), *TEA))
    before, key = await rows(remembering), uuid4()
    stub, request_id = remembering.cognitive, str(uuid4())
    undo = upkeep_pb2.RollbackConsolidationRequest(
        consolidation_id=str(uuid4()), stop_running=True, request_id=str(uuid4())
    )
    late: tuple[tuple[Any, Any], ...] = (
        (stub.Consolidate, upkeep_pb2.ConsolidateRequest(namespace=HERE, request_id=request_id)),
        (stub.SweepMemories, upkeep_pb2.SweepMemoriesRequest(min_retention=1.0, request_id=request_id)),
    )
    with acting_as(service_caller("cognitive", TENANT), "test"):
        with marking(StepMark(key, Purpose.UNDO_IF_DONE)):
            assert not (await stub.RollbackConsolidation(undo)).HasField("consolidation")
        for call, request in late:
            with marking(StepMark(key, Purpose.ACT)), pytest.raises(SomaError) as fenced:
                await call(request)
            assert fenced.value.reason is Reason.SAGA_STEP_FENCED
    assert await rows(remembering) == before
