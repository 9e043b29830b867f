"""The index of vectors, one suite on pgvector and on Milvus."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

import numpy as np
import pytest

from servers.memory.vectors.milvus import MilvusIndexes
from servers.memory.vectors.pgvector import PgvectorIndexes
from servers.memory.vectors.port import Placed, Space, Vector, VectorIndex, VectorIndexes, VectorsDownError
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Database
from soma_common.testing.postgres import HouseDatabases, OpenDatabase

pytestmark = pytest.mark.contract

SPACE = Space("a test/1", 16)
IDS = Ids()
PREFIX = f"t{uuid4().hex}"
ODD = 'user:a"b\\c] or tenant != "'


@dataclass(frozen=True)
class Bench:
    """An index under test; `remember` makes the memories that some adapters refer to."""

    indexes: VectorIndexes
    index: VectorIndex
    remember: Callable[[TenantId, Sequence[Placed]], Awaitable[None]]

    async def hold(self, tenant: TenantId, rows: Sequence[Placed]) -> None:
        await self.remember(tenant, rows)
        await self.index.put(tenant, rows)


@pytest.fixture(params=["pgvector", "milvus"])
async def bench(
    request: pytest.FixtureRequest, house_database: HouseDatabases, open_database: OpenDatabase
) -> AsyncIterator[Bench]:
    """Each adapter in turn, empty."""
    made: VectorIndexes
    if request.param == "milvus":
        # A collection takes seconds to make; tests have tenants of their own in the one of their process.
        made = MilvusIndexes(request.getfixturevalue("milvus_uri"), prefix=PREFIX)
        yield Bench(made, await made.open(SPACE), _nothing)
    else:
        database = await open_database(house_database("memory", "servers.memory"))
        made = PgvectorIndexes(database)
        yield Bench(made, await made.open(SPACE), _remembering(database))
    await made.close()


async def _nothing(_: TenantId, __: Sequence[Placed]) -> None:
    """Milvus refers to no memory."""


def _remembering(database: Database) -> Callable[[TenantId, Sequence[Placed]], Awaitable[None]]:
    async def remember(tenant: TenantId, rows: Sequence[Placed]) -> None:
        async with database.transaction(tenant) as connection:
            await connection.execute(
                """
                insert into memories (tenant_id, memory_id, namespace, owner_sub, kind, text, text_key, subject,
                    speaker, source_class, source_id, trust, importance, tags, token_count, term_count, learn_time,
                    valid_from, embedding_version)
                select $1, memory_id, namespace, 'ada', 1, 'x', uuid_send(memory_id), '', '', 1, '', 1, 1, '{}', 1, 1,
                    now(), now(), ''
                from unnest($2::uuid[], $3::text[]) as given (memory_id, namespace)
                on conflict do nothing
                """,
                tenant,
                [row.memory_id for row in rows],
                [row.namespace for row in rows],
            )

    return remember


def unit(*numbers: float) -> Vector:
    vector = np.zeros(SPACE.dimensions, dtype=np.float32)
    vector[: len(numbers)] = numbers
    return vector / np.float32(np.linalg.norm(vector))


def tenant() -> TenantId:
    return TenantId(uuid4())


def rows_of(amount: int, seed: int, namespace: str = "shared") -> list[Placed]:
    vectors = np.random.default_rng(seed).normal(size=(amount, SPACE.dimensions)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return [Placed(IDS.uuid7(), namespace, vector) for vector in vectors]


async def found(index: VectorIndex, of: TenantId, *namespaces: str, limit: int = 10) -> list[UUID]:
    return [near.memory_id for near in await index.search(of, namespaces, unit(1), limit)]


async def test_the_nearest_come_first_with_their_cosines(bench: Bench) -> None:
    ada, rows = tenant(), [Placed(IDS.uuid7(), "shared", unit(1, 0.1 * step)) for step in range(5)]
    await bench.hold(ada, rows)
    near = await bench.index.search(ada, ["shared"], unit(1), 3)
    assert [it.memory_id for it in near] == [row.memory_id for row in rows[:3]]
    assert [it.cosine for it in near] == pytest.approx([float(unit(1) @ row.vector) for row in rows[:3]], abs=1e-4)


async def test_nothing_of_another_tenant_or_namespace_is_found_or_touched(bench: Bench) -> None:
    ada, eve, memory_id = tenant(), tenant(), IDS.uuid7()
    await bench.hold(ada, [Placed(memory_id, ODD, unit(1))])
    # Both may know a memory by the same id.
    await bench.hold(eve, [Placed(memory_id, "shared", unit(0, 1)), Placed(IDS.uuid7(), "user:eve", unit(1))])
    assert await found(bench.index, ada, ODD) == [memory_id]
    assert await found(bench.index, ada, "shared", "user:eve", '" or tenant != "') == []
    assert len(await found(bench.index, eve, "shared", "user:eve", ODD)) == 2
    await bench.index.remove(eve, [memory_id])
    assert await bench.index.held(ada, [memory_id]) == {memory_id}
    await bench.index.drop(eve)
    assert await bench.index.page(eve, None, 10) == []
    assert [row.namespace for row in await bench.index.page(ada, None, 10)] == [ODD]


async def test_what_is_put_again_takes_the_place_of_what_was_held(bench: Bench) -> None:
    ada, memory_id = tenant(), IDS.uuid7()
    await bench.hold(ada, [Placed(memory_id, "shared", unit(1))])
    await bench.hold(ada, [Placed(memory_id, "user:ada", unit(0, 1))])
    (row,) = await bench.index.page(ada, None, 10)
    assert (row.memory_id, row.namespace) == (memory_id, "user:ada")
    assert row.vector == pytest.approx(unit(0, 1), abs=1e-6)
    assert await found(bench.index, ada, "shared") == []


async def test_what_is_removed_is_seen_by_no_read_that_begins_afterwards(bench: Bench) -> None:
    ada, rows = tenant(), rows_of(20, 1)
    await bench.hold(ada, rows)
    gone = [row.memory_id for row in rows[:19]]
    await bench.index.remove(ada, [*gone, IDS.uuid7()])
    assert await found(bench.index, ada, "shared") == [rows[19].memory_id]
    # Also through another connection: what an erasure asks.
    assert await (await bench.indexes.open(SPACE)).held(ada, [row.memory_id for row in rows]) == {rows[19].memory_id}


async def test_pages_walk_through_all_that_is_held_in_the_order_of_ids(bench: Bench) -> None:
    ada, eve, rows = tenant(), tenant(), rows_of(25, 2)
    await bench.hold(eve, rows_of(5, 3))
    await bench.hold(ada, rows[::-1])
    walked: list[Placed] = []
    while page := await bench.index.page(ada, walked[-1].memory_id if walked else None, 10):
        walked.extend(page)
    assert [row.memory_id for row in walked] == sorted(row.memory_id for row in rows)
    by_id = {row.memory_id: row.vector for row in rows}
    assert all(row.vector == pytest.approx(by_id[row.memory_id], abs=1e-6) for row in walked)


async def test_spaces_are_apart(bench: Bench) -> None:
    ada, memory = tenant(), Placed(IDS.uuid7(), "shared", unit(1))
    await bench.hold(ada, [memory])
    other = await bench.indexes.open(Space("a test/2", 8))
    assert other.identity != bench.index.identity
    await other.put(ada, [Placed(memory.memory_id, "shared", np.eye(8, dtype=np.float32)[0])])
    assert len((await other.page(ada, None, 10))[0].vector) == 8
    await other.drop(ada)
    assert await found(bench.index, ada, "shared") == [memory.memory_id]


async def test_an_index_that_is_opened_again_is_the_same(bench: Bench) -> None:
    assert (await bench.indexes.open(SPACE)).identity == bench.index.identity
    await bench.index.ping()


async def test_milvus_that_is_not_there_is_down_and_nothing_else() -> None:
    indexes = MilvusIndexes("http://127.0.0.1:9")
    with pytest.raises(VectorsDownError):
        await indexes.open(SPACE)
    await indexes.close()
