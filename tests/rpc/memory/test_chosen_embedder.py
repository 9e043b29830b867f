"""Recall with a chosen embedder: it answers once its index is whole, and the built-in vectors stand in for it."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry

from servers.memory.domain.memory import RecallFilter
from servers.memory.domain.ranking import Weights
from servers.memory.embedders.builtin import BUILT_IN
from servers.memory.embedders.http import EmbeddingModel
from servers.memory.indexing.indexer import Indexer
from servers.memory.recalling.recaller import Recall, Recalled, Recaller
from servers.memory.storing.intake import Limits
from servers.memory.transfer.counting import Counter, IndexStanding
from servers.memory.vectors.metrics import IndexMetrics
from servers.memory.vectors.opening import Vectors, VectorSettings
from soma_common.kernel.addresses import AddressRules
from soma_common.rpc.call import acting_as
from soma_common.testing.eventually import eventually
from soma_common.testing.identity import TENANT, user
from soma_common.testing.upstream.embeddings import DIMENSIONS
from soma_common.testing.upstream.process import ScriptedUpstream
from tests.rpc.memory.conftest import READER, Remembering, recaller_of
from tests.rpc.memory.test_memories import FACTS, keep

pytestmark = pytest.mark.rpc

ASKED = Recall(FACTS[1], RecallFilter(namespaces=("user:ada",)), 3, 0, Weights(), 5.0)


@pytest.fixture(autouse=True)
def _ada() -> Iterator[None]:
    with acting_as(user("ada"), "test"):
        yield


async def recall(recaller: Recaller, query: str = ASKED.query) -> Recalled:
    return await recaller.recall(TENANT, replace(ASKED, query=query), lambda _: 0)


async def standing(remembering: Remembering, vectors: Vectors) -> IndexStanding:
    counter = Counter(remembering.database, Limits(), vectors, remembering.clock)
    return (await counter.count(user("ada"), ())).index


async def test_a_chosen_embedder_answers_once_it_can_and_is_replaced_while_it_cannot(
    remembering: Remembering, indexer: Indexer
) -> None:
    kept = [UUID((await keep(remembering, fact)).memory_id) for fact in FACTS]
    with ScriptedUpstream() as upstream:
        model = EmbeddingModel(f"{upstream.address}/v1", "scripted", DIMENSIONS)
        settings = VectorSettings(None, model, AddressRules(private_allowed=True))
        vectors = Vectors.of(remembering.database, READER, settings, IndexMetrics(CollectorRegistry()))
        recaller = await recaller_of(
            remembering.database, indexer, remembering.accesses, remembering.clock, vectors=vectors
        )
        # The built-in one serves while the other has nothing yet.
        assert vectors.spaces.serving() is vectors.spaces.built_in
        assert await standing(remembering, vectors) == IndexStanding("pgvector", BUILT_IN.version, is_up=True)
        assert (await recall(recaller)).hits[0].memory.memory_id == kept[1]

        async def switched() -> bool:
            await vectors.follower.step()
            return vectors.spaces.serving().space == model.space

        await eventually(switched, within_seconds=30)
        found = await recall(recaller)
        assert (found.hits[0].memory.memory_id, found.reasons) == (kept[1], [])
        assert (await standing(remembering, vectors)).embedding_version == model.space.version
        # A query that the model refuses, and one that it does not answer at all.
        assert (await recall(recaller, f"{FACTS[1]} fault:refused")).reasons == [DOWN]
    found = await recall(recaller)
    assert (found.hits[0].memory.memory_id, found.partial, found.reasons) == (kept[1], False, [DOWN])
    await vectors.spaces.close()


DOWN = "embedder: down, so by the built-in vectors"
