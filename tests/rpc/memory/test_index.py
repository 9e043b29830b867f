"""The index of vectors at the door of the service: what waits for it, and its rebuild."""

from uuid import uuid4

import grpc
import pytest

from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma.memory.v1 import transfer_pb2 as transfer_pb
from soma_common.kernel.reasons import Reason
from soma_common.rpc.call import acting_as
from soma_common.testing.rpc import error_of
from tests.rpc.memory.conftest import Remembering
from tests.rpc.memory.test_memories import FACTS, keep
from tests.support.identity import user

pytestmark = pytest.mark.rpc


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


async def test_a_memory_is_pending_until_the_index_has_it(remembering: Remembering) -> None:
    kept = await keep(remembering, FACTS[0])
    assert await index_state(remembering, kept.memory_id) == memory_pb.INDEX_STATE_PENDING
    await follow(remembering)
    assert await index_state(remembering, kept.memory_id) == memory_pb.INDEX_STATE_INDEXED


async def test_a_rebuild_finds_and_repairs_what_the_index_lost(remembering: Remembering) -> None:
    for fact in FACTS:
        await keep(remembering, fact)
    await follow(remembering)
    (tenant,) = {row["tenant_id"] for row in await all_vectors(remembering)}
    await remembering.vectors.spaces.built_in.reached().drop(tenant)

    dry = (await rebuild(remembering, dry_run=True))[-1]
    assert (dry.total_count, dry.compared_count, dry.missing_count) == (len(FACTS),) * 3
    assert (dry.surplus_count, dry.done, dry.equal) == (0, True, False)
    first, *_, last = await rebuild(remembering)
    assert not first.done
    assert (last.missing_count, last.done, last.equal) == (len(FACTS), True, True)
    assert (await rebuild(remembering))[-1].missing_count == 0
    assert len(await all_vectors(remembering)) == len(FACTS)


async def all_vectors(remembering: Remembering) -> list[dict[str, object]]:
    async with remembering.database.transaction(remembering.tenant_id) as connection:
        return [dict(row) for row in await connection.fetch("select tenant_id, memory_id from memory_vectors")]


async def test_a_rebuild_is_for_operators(remembering: Remembering) -> None:
    request = transfer_pb.RebuildIndexRequest(request_id=str(uuid4()))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        _ = [answer async for answer in remembering.user.RebuildIndex(request)]
    assert error_of(refused.value).reason == Reason.SCOPE_MISSING
