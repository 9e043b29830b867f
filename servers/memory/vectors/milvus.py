"""The index of vectors in Milvus: one collection a space, the tenant is its partition key. Written for Milvus 2.3.

Nothing here knows a table. pymilvus is imported when the first index is opened: it takes a second and 100 MB.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import grpc
import numpy as np

from servers.memory.vectors.expressions import (
    at_places,
    behind,
    key_of,
    memory_of,
    of_memories,
    of_tenant,
    partition_of,
)
from servers.memory.vectors.port import Near, Placed, Space, Vector, VectorsDownError
from soma_common.kernel.tenancy import SYSTEM_TENANT, TenantId

_CALL_SECONDS: Final = 5.0
_OPEN_SECONDS: Final = 30.0
_PARTITIONS: Final = 16
_GRAPH: Final = {"M": 16, "efConstruction": 128}
_LEAST_BREADTH: Final = 128
# A search without Strong sees all that is older than this; it takes 5 ms where Strong waits 200 for the next tick.
_SETTLED_SECONDS: Final = 6.0
_LONGEST_NAMESPACE: Final = 640


class MilvusIndex:
    """The vectors of one space in a collection."""

    def __init__(self, client: "_Client", space: Space, collection: str, collection_id: int) -> None:
        self._client = client
        self._space = space
        self._collection = collection
        self._collection_id = collection_id
        self._changed_at = float("-inf")

    @property
    def space(self) -> Space:
        """Whose vectors these are."""
        return self._space

    @property
    def identity(self) -> str:
        """A collection that was made anew has another id."""
        return f"milvus/{self._collection}/{self._collection_id}"

    async def put(self, tenant_id: TenantId, rows: Sequence[Placed]) -> None:
        """Hold these. An upsert of Milvus 2.3 forgets the partition key, so what was held is deleted first."""
        if not rows:
            return
        data = [
            {
                "key": key_of(tenant_id, row.memory_id),
                "tenant": partition_of(tenant_id),
                "namespace": row.namespace,
                "vector": row.vector.tolist(),
            }
            for row in rows
        ]
        await self.remove(tenant_id, [row.memory_id for row in rows])
        async with self._client.calling() as call:
            await call.insert(self._collection, data, timeout=_CALL_SECONDS)

    async def remove(self, tenant_id: TenantId, memory_ids: Collection[UUID]) -> None:
        """Hold these no longer."""
        if memory_ids:
            await self._delete(of_memories(tenant_id, memory_ids))

    async def search(
        self, tenant_id: TenantId, namespaces: Collection[str], vector: Vector, limit: int
    ) -> Sequence[Near]:
        """The nearest by the graph. Sees at once what this process has changed, and what others have within seconds."""
        settled = time.monotonic() - self._changed_at > _SETTLED_SECONDS
        async with self._client.calling() as call:
            found = await call.search(
                self._collection,
                [vector.tolist()],
                filter=at_places(tenant_id, namespaces),
                limit=limit,
                anns_field="vector",
                search_params={"metric_type": "COSINE", "params": {"ef": max(limit, _LEAST_BREADTH)}},
                output_fields=["key"],
                consistency_level="Bounded" if settled else "Strong",
                timeout=_CALL_SECONDS,
            )
        return [Near(memory_of(hit["key"]), float(hit["distance"])) for hit in found[0]]

    async def page(self, tenant_id: TenantId, after: UUID | None, limit: int) -> Sequence[Placed]:
        """What is held, in the order of the keys."""
        rows = await self._query(behind(tenant_id, after), ["key", "namespace", "vector"], limit)
        return [
            Placed(memory_of(row["key"]), row["namespace"], np.asarray(row["vector"], dtype=np.float32))
            for row in sorted(rows, key=lambda row: str(row["key"]))
        ]

    async def held(self, tenant_id: TenantId, memory_ids: Collection[UUID]) -> set[UUID]:
        """Which of these are held, whoever changed it last."""
        if not memory_ids:
            return set()
        rows = await self._query(of_memories(tenant_id, memory_ids), ["key"], len(memory_ids))
        return {memory_of(row["key"]) for row in rows}

    async def drop(self, tenant_id: TenantId) -> None:
        """Hold nothing of the tenant any more."""
        await self._delete(of_tenant(tenant_id))

    async def throw_away(self) -> None:
        """Hold nothing of anybody any more: the collection is gone until the space is opened again."""
        async with self._client.calling(_OPEN_SECONDS) as call:
            await call.drop_collection(self._collection, timeout=_OPEN_SECONDS)

    async def ping(self) -> None:
        """Search for nobody."""
        unit = np.zeros(self._space.dimensions, dtype=np.float32)
        unit[0] = 1.0
        await self.search(SYSTEM_TENANT, ("shared",), unit, 1)

    async def _query(self, expression: str, fields: list[str], limit: int) -> list[dict[str, Any]]:
        async with self._client.calling() as call:
            return list(
                await call.query(
                    self._collection,
                    filter=expression,
                    output_fields=fields,
                    limit=limit,
                    consistency_level="Strong",
                    timeout=_CALL_SECONDS,
                )
            )

    async def _delete(self, expression: str) -> None:
        self._changed_at = time.monotonic()
        async with self._client.calling() as call:
            await call.delete(self._collection, filter=expression, timeout=_CALL_SECONDS)


class MilvusIndexes:
    """The indexes of one Milvus; `prefix` tells the collections of installations apart."""

    def __init__(self, uri: str, prefix: str = "soma_memory", call_seconds: float = _CALL_SECONDS) -> None:
        self._client = _Client(uri, call_seconds)
        self._prefix = prefix

    async def open(self, space: Space) -> MilvusIndex:
        """The index of a space; its collection is made, and loaded, where there is none."""
        name = f"{self._prefix}_{hashlib.sha256(space.version.encode()).hexdigest()[:16]}_{space.dimensions}"
        async with self._client.calling(_OPEN_SECONDS) as call:
            if not await call.has_collection(name, timeout=_CALL_SECONDS):
                await _make(call, name, space)
            found = await call.describe_collection(name, timeout=_CALL_SECONDS)
        return MilvusIndex(self._client, space, name, int(found["collection_id"]))

    async def close(self) -> None:
        """Give the connection back."""
        await self._client.close()


class _Client:
    """The connection: made when it is needed, and anew after a failure."""

    def __init__(self, uri: str, call_seconds: float) -> None:
        self._uri = uri
        self._call_seconds = call_seconds
        self._made: Any = None

    @asynccontextmanager
    async def calling(self, seconds: float | None = None) -> AsyncIterator[Any]:
        """The client for one call, in the usual time or so many seconds. Raises VectorsDownError for whatever fails."""
        from pymilvus.exceptions import MilvusException

        try:
            async with asyncio.timeout(seconds or self._call_seconds):
                yield self._client()
        except (MilvusException, grpc.RpcError, grpc.aio.UsageError, OSError, TimeoutError) as problem:
            await self.close()
            raise VectorsDownError("Milvus does not answer, or not with vectors") from problem

    async def close(self) -> None:
        """Give the connection back. Safe to repeat."""
        made, self._made = self._made, None
        if made is not None:
            await made.close()

    def _client(self) -> Any:
        if self._made is None:
            from pymilvus import AsyncMilvusClient

            # It prints each failure with a traceback, and we say it once.
            logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
            self._made = AsyncMilvusClient(uri=self._uri, timeout=_CALL_SECONDS)
        return self._made


async def _make(call: Any, name: str, space: Space) -> None:
    from pymilvus import DataType

    schema = call.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("key", DataType.VARCHAR, is_primary=True, max_length=64)
    schema.add_field("tenant", DataType.VARCHAR, max_length=32, is_partition_key=True)
    schema.add_field("namespace", DataType.VARCHAR, max_length=_LONGEST_NAMESPACE)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=space.dimensions)
    index = call.prepare_index_params()
    index.add_index("vector", index_type="HNSW", metric_type="COSINE", params=_GRAPH)
    await call.create_collection(
        name,
        schema=schema,
        index_params=index,
        num_partitions=_PARTITIONS,
        consistency_level="Strong",
        timeout=_OPEN_SECONDS,
    )
