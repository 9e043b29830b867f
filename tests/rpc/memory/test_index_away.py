"""The index of vectors away, late and emptied: recalls say so and answer from the rest, and no write waits for it."""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from servers.memory.domain.memory import RecallFilter
from servers.memory.domain.ranking import Weights
from servers.memory.indexing.indexer import Indexer
from servers.memory.recalling.recaller import Recall, Recalled
from servers.memory.vectors.pgvector import PgvectorIndex
from servers.memory.vectors.port import Near, Vector, VectorsDownError
from soma_common.kernel.tenancy import TenantId
from soma_common.rpc.call import acting_as
from soma_common.testing.identity import TENANT, user
from tests.rpc.memory.conftest import Remembering, recaller_of, vectors_of
from tests.rpc.memory.test_index import rebuild
from tests.rpc.memory.test_memories import keep

pytestmark = pytest.mark.rpc

VIOLIN = "Clara plays the violin in the school orchestra."
TEXTS = (VIOLIN, "The boiler was replaced in March.", "Bob parks the car behind the house.")
# Shares no word with what it shall find.
NEAR = "cello concerto musicians"
ASKED = Recall("violin", RecallFilter(namespaces=("user:ada",)), 3, 0, Weights(), 5.0)


class Faulty(PgvectorIndex):
    """The index as it is, while it is not away or late."""

    fault = ""

    async def search(
        self, tenant_id: TenantId, namespaces: Collection[str], vector: Vector, limit: int
    ) -> Sequence[Near]:
        if self.fault == "away":
            raise VectorsDownError("taken away")
        if self.fault == "late":
            await asyncio.Event().wait()
        return await super().search(tenant_id, namespaces, vector, limit)


@pytest.fixture(autouse=True)
def _ada() -> Iterator[None]:
    with acting_as(user("ada"), "test"):
        yield


async def test_without_the_index_words_answer_and_writes_are_kept(remembering: Remembering, indexer: Indexer) -> None:
    ids = [UUID((await keep(remembering, text)).memory_id) for text in TEXTS]
    vectors = vectors_of(remembering.database)
    # So little room that no shelf has vectors of its own: they come from the index.
    parts = (remembering.database, indexer, remembering.accesses, remembering.clock)
    recaller = await recaller_of(*parts, shelf_bytes=1, vectors=vectors)
    while await vectors.follower.step():
        pass
    index = Faulty(remembering.database, vectors.spaces.built_in.space)
    vectors.spaces.built_in.index = index

    async def recall(query: str, seconds: float = 5.0) -> Recalled:
        return await recaller.recall(TENANT, replace(ASKED, query=query, time_budget_seconds=seconds), lambda _: 0)

    def found(recalled: Recalled) -> list[UUID]:
        return [hit.memory.memory_id for hit in recalled.hits]

    assert found(await recall(NEAR))[:1] == ids[:1]
    index.fault = "away"
    down = await recall("violin")
    assert (found(down), down.partial, down.reasons) == (ids[:1], False, ["vector retriever: down"])
    assert found(await recall(NEAR)) == []
    late_id = UUID((await keep(remembering, "The harp was tuned in May.")).memory_id)
    assert found(await recall("harp")) == [late_id]
    index.fault = "late"
    late = await recall("violin", seconds=0.5)
    assert (found(late), late.partial, late.reasons) == (ids[:1], True, ["vector retriever: out of time"])
    index.fault = ""
    await index.drop(TENANT)
    emptied = await recall("violin")
    assert (found(emptied), emptied.reasons) == (ids[:1], [])
    assert found(await recall(NEAR)) == []
    assert not (await rebuild(remembering, dry_run=True))[-1].equal
    last = (await rebuild(remembering))[-1]
    assert (last.equal, last.missing_count) == (True, len(TEXTS))
    whole = await recall(NEAR)
    assert (found(whole)[:1], whole.reasons) == (ids[:1], [])
