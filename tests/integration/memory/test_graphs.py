"""The graph of pgvector: under row-level security, among other tenants and namespaces, and for long vectors."""

from uuid import uuid4

import numpy as np
import pytest

from servers.memory.vectors.pgvector import PgvectorIndex, PgvectorIndexes
from servers.memory.vectors.port import Placed, Space
from soma_common.kernel.tenancy import TenantId
from soma_common.testing.eventually import eventually
from tests.integration.memory.conftest import Library

pytestmark = pytest.mark.integration

MEMORIES = 300


@pytest.mark.parametrize("dimensions", [16, 2_100])
async def test_no_filter_costs_recall(library: Library, dimensions: int) -> None:
    space = Space(f"a graph/{dimensions}", dimensions)
    await PgvectorIndexes(library.database).open(space)
    walked = PgvectorIndex(library.database, space, most_scanned=0)
    rng = np.random.default_rng(5)
    ada, amount = TenantId(uuid4()), MEMORIES if dimensions < 100 else 60
    held: dict[str, list[Placed]] = {}
    # Others lie between all of hers.
    for tenant, namespace in ((ada, "shared"), (ada, "user:ada"), (TenantId(uuid4()), "shared")):
        ids = await library.remember(tenant, ["x"] * amount, namespace)
        vectors = rng.normal(size=(amount, dimensions)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        rows = [Placed(memory_id, namespace, vector) for memory_id, vector in zip(ids, vectors, strict=True)]
        await walked.put(tenant, rows)
        if tenant == ada:
            held[namespace] = rows

    found, wanted, query = 0, 0, held["shared"][0].vector
    for _ in range(20):
        query = rng.normal(size=dimensions).astype(np.float32)
        query /= np.linalg.norm(query)
        near = [it.memory_id for it in await walked.search(ada, ["shared"], query, 10)]
        best = sorted(held["shared"], key=lambda row: -float(row.vector @ query))[:10]
        assert len(near) == 10
        assert {*near} <= {row.memory_id for row in held["shared"]}
        found += len({*near} & {row.memory_id for row in best})
        wanted += 10
    assert found >= 0.95 * wanted
    # Where more is wanted than there is, all of it comes.
    assert len(await walked.search(ada, ["shared", "user:ada"], query, 1_000)) == 2 * amount


async def test_the_graph_is_asked_where_a_namespace_is_large(library: Library) -> None:
    ada, space = TenantId(uuid4()), Space("a graph/16", 16)
    await PgvectorIndexes(library.database).open(space)
    ids = await library.remember(ada, ["x"] * MEMORIES)
    rows = [Placed(memory_id, "shared", UNITS[place % 16]) for place, memory_id in enumerate(ids)]
    await PgvectorIndex(library.database, space).put(ada, rows)

    async def scans() -> int:
        async with library.database.transaction(ada) as connection:
            await connection.execute("select pg_stat_force_next_flush()")
            return int(await connection.fetchval(SCANS))

    async def search(most_scanned: int) -> bool:
        await PgvectorIndex(library.database, space, most_scanned).search(ada, ["shared"], UNITS[0], 5)
        return await scans() > before

    before = await scans()
    assert not await search(MEMORIES)
    await eventually(lambda: search(MEMORIES - 1))


UNITS = np.eye(16, dtype=np.float32)
SCANS = "select idx_scan from pg_stat_user_indexes where indexrelname = vector_graph('a graph/16')"
