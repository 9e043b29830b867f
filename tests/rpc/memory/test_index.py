"""The index of vectors at the door of the service: what waits for it, and its rebuild."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from servers.memory.embedders.builtin import BUILT_IN
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma.memory.v1 import transfer_pb2 as transfer_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.call import acting_as
from soma_common.testing.identity import TENANT, user
from tests.rpc.memory.conftest import Remembering
from tests.rpc.memory.test_memories import FACTS, keep

pytestmark = pytest.mark.rpc


@pytest.fixture(autouse=True)
def _ada() -> Iterator[None]:
    with acting_as(user("ada"), "test"):
        yield


async def rebuild(remembering: Remembering, *, dry_run: bool = False) -> list[transfer_pb.RebuildIndexResponse]:
    request = transfer_pb.RebuildIndexRequest(dry_run=dry_run, request_id=str(uuid4()))
    with acting_as(user("olga", roles=("operator",)), "test"):
        return [answer async for answer in remembering.user.RebuildIndex(request)]


async def follow(remembering: Remembering) -> None:
    while await remembering.vectors.follower.step():
        pass


async def index_state(remembering: Remembering, memory_id: str) -> int:
    request = service_pb.GetMemoryRequest(memory_id=memory_id)
    return (await remembering.user.GetMemory(request)).memory.index_state


async def pending(remembering: Remembering) -> dict[str, int]:
    stats = await remembering.user.GetMemoryStats(transfer_pb.GetMemoryStatsRequest())
    assert (stats.vector_index, stats.embedding_version) == ("pgvector", BUILT_IN.version)
    return {figures.namespace: figures.pending_count for figures in stats.namespaces}


async def test_a_memory_is_pending_until_the_index_has_it(remembering: Remembering) -> None:
    kept = await keep(remembering, FACTS[0])
    await keep(remembering, FACTS[1], namespace="shared")
    assert await index_state(remembering, kept.memory_id) == memory_pb.INDEX_STATE_PENDING
    assert await pending(remembering) == {"shared": 1, "user:ada": 1}
    await follow(remembering)
    assert await index_state(remembering, kept.memory_id) == memory_pb.INDEX_STATE_INDEXED
    assert await pending(remembering) == {"shared": 0, "user:ada": 0}


async def test_a_rebuild_finds_and_repairs_what_the_index_lost(remembering: Remembering) -> None:
    for fact in FACTS:
        await keep(remembering, fact)
    await follow(remembering)
    await remembering.vectors.spaces.built_in.reached().drop(TENANT)

    dry = (await rebuild(remembering, dry_run=True))[-1]
    assert (dry.total_count, dry.compared_count, dry.missing_count) == (len(FACTS),) * 3
    assert (dry.surplus_count, dry.done, dry.equal) == (0, True, False)
    first, *_, last = await rebuild(remembering)
    assert not first.done
    assert (last.missing_count, last.done, last.equal) == (len(FACTS), True, True)
    assert (await rebuild(remembering))[-1].missing_count == 0
    assert await vectors_held(remembering) == len(FACTS)


async def vectors_held(remembering: Remembering) -> int:
    return len(await remembering.vectors.spaces.built_in.reached().page(TENANT, None, 100))


async def test_a_rebuild_is_for_operators(remembering: Remembering) -> None:
    request = transfer_pb.RebuildIndexRequest(request_id=str(uuid4()))
    with pytest.raises(SomaError) as refused:
        _ = [answer async for answer in remembering.user.RebuildIndex(request)]
    assert refused.value.reason is Reason.SCOPE_MISSING
