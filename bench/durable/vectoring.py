"""Vectors searched by the index of the house, by pgvector with nothing around it and by milvus-lite; and how fast the
index follows what is stored.

A program: see `programs.py`. All ways search the same vectors, which are made anew from a seed.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from uuid import UUID

import asyncpg
import numpy as np
import numpy.typing as npt
from prometheus_client import CollectorRegistry

from bench.durable.programs import READY, answer
from bench.numbers import percentile
from servers.memory.embedders.builtin import BUILT_IN
from servers.memory.vectors.metrics import IndexMetrics
from servers.memory.vectors.opening import Vectors, VectorSettings
from servers.memory.vectors.pgvector import PgvectorIndexes, text_of
from servers.memory.vectors.port import MOST_ROWS, Placed
from servers.memory.view.reading import Reader
from soma_common.embedding import StaticEmbedder
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.house import HouseDatabase
from soma_common.postgres.pool import Database

_TENANT: Final = TenantId(UUID(int=1))
_CLUSTERS: Final = 200
_BEST: Final = 10
Floats = npt.NDArray[np.float32]
Search = Callable[[Floats], Awaitable[Sequence[int]]]


async def work(job: Mapping[str, Any]) -> AsyncIterator[Mapping[str, Any]]:
    """`way` is "house", "bare", "lite" or "follow"."""
    yield READY
    ways = {"house": _house, "bare": _bare, "lite": _lite, "follow": _follow}
    yield await ways[job["way"]](job)


def _vectors(count: int, queries: int) -> tuple[Floats, Floats]:
    """Unit vectors in clusters, as those of texts are, and queries near some of them."""
    rng = np.random.default_rng(11)
    centres = rng.normal(size=(_CLUSTERS, BUILT_IN.dimensions))
    rows = centres[rng.integers(_CLUSTERS, size=count + queries)]
    rows += rng.normal(scale=0.8, size=rows.shape)
    unit: Floats = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit[:count], unit[count:]


async def _timed(search: Search, rows: Floats, queries: Floats) -> dict[str, float]:
    """Milliseconds a search, and the part of the nearest ten that it finds."""
    taken, found = [], 0
    for query in queries[:20]:
        await search(query)
    for query in queries:
        begun = time.perf_counter()
        places = await search(query)
        taken.append((time.perf_counter() - begun) * 1000)
        found += len({*places} & {*np.argpartition(-(rows @ query), _BEST)[:_BEST].tolist()})
    recall = found / (_BEST * len(queries))
    return {"p50_ms": percentile(taken, 50), "p95_ms": percentile(taken, 95), "recall": recall}


@asynccontextmanager
async def _opened(job: Mapping[str, Any]) -> AsyncIterator[Database]:
    database = await Database.open(HouseDatabase(**job["urls"]), app_pool=2, worker_pool=2)
    try:
        yield database
    finally:
        await database.close()


async def _remember(database: Database, ids: Sequence[UUID], texts: Sequence[str]) -> None:
    async with database.transaction(_TENANT) as connection:
        await connection.execute(
            """
            insert into memories (tenant_id, memory_id, namespace, owner_sub, kind, text, text_key, subject, speaker,
                source_class, source_id, trust, importance, tags, token_count, term_count, learn_time, valid_from,
                embedding_version)
            select $1, memory_id, 'shared', 'ada', 1, text, uuid_send(memory_id), '', '', 1, '', 1, 1, '{}', 1, 1,
                now(), now(), ''
            from unnest($2::uuid[], $3::text[]) as given (memory_id, text)
            """,
            _TENANT,
            ids,
            texts,
        )
        await connection.execute(
            """
            insert into namespace_sizes (tenant_id, namespace, memories, terms) values ($1, 'shared', $2, $2)
            on conflict (tenant_id, namespace) do update set memories = namespace_sizes.memories + excluded.memories
            """,
            _TENANT,
            len(ids),
        )


async def _house(job: Mapping[str, Any]) -> Mapping[str, Any]:
    rows, queries = _vectors(job["count"], job["queries"])
    async with _opened(job) as database:
        index = await PgvectorIndexes(database).open(BUILT_IN)
        ids = [UUID(int=place + 1) for place in range(len(rows))]
        for start in range(0, len(rows), MOST_ROWS):
            part = ids[start : start + MOST_ROWS]
            await _remember(database, part, [str(memory_id) for memory_id in part])
            placed = zip(part, rows[start : start + MOST_ROWS], strict=True)
            await index.put(_TENANT, [Placed(memory_id, "shared", row) for memory_id, row in placed])
        await _settle(job)

        async def search(query: Floats) -> Sequence[int]:
            return [near.memory_id.int - 1 for near in await index.search(_TENANT, ["shared"], query, _BEST)]

        return await _timed(search, rows, queries)


async def _settle(job: Mapping[str, Any]) -> None:
    """Let the planner know what is there, as its own process does in time."""
    connection = await asyncpg.connect(job["owner"])
    try:
        await connection.execute("analyze")
    finally:
        await connection.close()


async def _bare(job: Mapping[str, Any]) -> Mapping[str, Any]:
    rows, queries = _vectors(job["count"], job["queries"])
    connection = await asyncpg.connect(job["owner"])
    try:
        await connection.execute(f"create table bare (place integer, embedding vector({BUILT_IN.dimensions}))")
        await connection.execute("create index on bare using hnsw (embedding vector_cosine_ops)")
        values = [(place, text_of(row)) for place, row in enumerate(rows)]
        await connection.executemany("insert into bare values ($1, $2::text::vector)", values)
        await connection.execute("analyze bare")
        await connection.execute("set hnsw.ef_search = 100")
        asked = await connection.prepare(
            f"select place from bare order by embedding <=> $1::text::vector limit {_BEST}"
        )

        async def search(query: Floats) -> Sequence[int]:
            return [row[0] for row in await asked.fetch(text_of(query))]

        return await _timed(search, rows, queries)
    finally:
        await connection.close()


async def _lite(job: Mapping[str, Any]) -> Mapping[str, Any]:
    from pymilvus import MilvusClient  # the peer, which only this way needs

    rows, queries = _vectors(job["count"], job["queries"])
    with TemporaryDirectory() as folder:
        client = MilvusClient(str(Path(folder) / "lite.db"))
        client.create_collection("bench", dimension=BUILT_IN.dimensions, metric_type="COSINE")
        for start in range(0, len(rows), MOST_ROWS):
            part = rows[start : start + MOST_ROWS].tolist()
            client.insert(
                "bench", [{"id": start + place, "vector": row, "tenant": "a"} for place, row in enumerate(part)]
            )

        async def search(query: Floats) -> Sequence[int]:
            found = client.search("bench", [query.tolist()], limit=_BEST, filter='tenant == "a"')
            return [hit["id"] for hit in found[0]]

        seen = await _timed(search, rows, queries)
        client.close()
        return seen


async def _follow(job: Mapping[str, Any]) -> Mapping[str, Any]:
    rows, _ = _vectors(job["count"], 1)
    async with _opened(job) as database:
        vectors = Vectors.of(database, Reader.of(StaticEmbedder()), VectorSettings(), IndexMetrics(CollectorRegistry()))
        while not await vectors.follower.step() and not vectors.spaces.built_in.whole:
            pass
        ids = [UUID(int=2**64 + place) for place in range(len(rows))]
        texts = [f"{place} moved to the town {row[0]:.3f} and met {row[1]:.3f} there" for place, row in enumerate(rows)]
        await _remember(database, ids, texts)
        begun, done = time.perf_counter(), 0
        while done < len(ids):
            done += await vectors.follower.step()
        return {"rate": done / (time.perf_counter() - begun)}


if __name__ == "__main__":
    answer(work)
