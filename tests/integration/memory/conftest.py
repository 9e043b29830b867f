"""The index of vectors over a real database, its follower stepped by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID, uuid4

import pytest
from prometheus_client import CollectorRegistry

from servers.memory.embedders.port import Embedder
from servers.memory.vectors.following import IndexFollower
from servers.memory.vectors.metrics import IndexMetrics
from servers.memory.vectors.port import VectorIndexes
from servers.memory.vectors.queue import IndexQueue
from servers.memory.vectors.rebuilding import IndexRebuilder, Progress
from servers.memory.vectors.spaces import Held, Spaces
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Database
from soma_common.testing.postgres import HouseDatabases, OpenDatabase

IDS = Ids()


@dataclass
class Library:
    """Memories of a database, and an index that follows them."""

    database: Database

    def follow(self, indexes: VectorIndexes, *embedders: Embedder) -> "Following":
        """A process of its own that follows."""
        spaces = Spaces(indexes, [Held(embedder, remote=place > 0) for place, embedder in enumerate(embedders)])
        queue = IndexQueue(self.database)
        follower = IndexFollower(queue, spaces, IndexMetrics(CollectorRegistry()))
        return Following(spaces, queue, follower, IndexRebuilder(queue, spaces, follower))

    async def remember(self, tenant: TenantId, texts: Sequence[str], namespace: str = "shared") -> list[UUID]:
        """Store memories as the storer does, in one statement."""
        ids = [IDS.uuid7() for _ in texts]
        async with self.database.transaction(tenant) as connection:
            await connection.execute(
                """
                insert into memories (tenant_id, memory_id, namespace, owner_sub, kind, text, text_key, subject,
                    speaker, source_class, source_id, trust, importance, tags, token_count, term_count, learn_time,
                    valid_from, embedding_version)
                select $1, memory_id, $4, 'ada', 1, text, key, '', '', 1, '', 1, 1, '{}', 1, 1, now(), now(), ''
                from unnest($2::uuid[], $3::text[], $5::bytea[]) as given (memory_id, text, key)
                """,
                tenant,
                ids,
                list(texts),
                namespace,
                [sha256(f"{text}{uuid4()}".encode()).digest() for text in texts],
            )
            await connection.execute(
                """
                insert into namespace_sizes (tenant_id, namespace, memories, terms) values ($1, $2, $3, $3)
                on conflict (tenant_id, namespace) do update set memories = namespace_sizes.memories + excluded.memories
                """,
                tenant,
                namespace,
                len(ids),
            )
        return ids

    async def rewrite(self, tenant: TenantId, memory_id: UUID, text: str) -> None:
        """Give a memory another text."""
        async with self.database.transaction(tenant) as connection:
            await connection.execute("update memories set text = $2 where memory_id = $1", memory_id, text)

    async def forget(self, tenant: TenantId, memory_ids: Sequence[UUID]) -> None:
        """Delete memories."""
        async with self.database.transaction(tenant) as connection:
            await connection.execute("delete from memories where memory_id = any($1)", list(memory_ids))


@dataclass(frozen=True)
class Following:
    """The parts of a process that keep its index."""

    spaces: Spaces
    queue: IndexQueue
    follower: IndexFollower
    rebuilder: IndexRebuilder

    async def catch_up(self) -> int:
        """Step until nothing can be done."""
        done, again = 0, 1
        while again:
            again = await self.follower.step()
            done += again
        return done

    async def rebuild(self, tenant: TenantId, *, dry_run: bool = False) -> Progress:
        """The last word of a rebuild."""
        *_, last = [progress async for progress in self.rebuilder.rebuild(tenant, dry_run=dry_run)]
        assert last.done
        return last


@pytest.fixture
async def library(house_database: HouseDatabases, open_database: OpenDatabase) -> Library:
    """A database without memories."""
    return Library(await open_database(house_database("memory", "servers.memory")))
