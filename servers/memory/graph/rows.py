"""Links in PostgreSQL.

Which way is the best is decided in `domain/graph.py`; here links are written and found.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from servers.memory.domain.graph import Direction, Link
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.memory", "sql/links.sql")
# How many links of a memory a recall gets to know.
STRONGEST: Final = 20
# How many links of a memory are looked at, each way, however many it has.
EXAMINED: Final = 2_000


@dataclass(frozen=True, slots=True)
class Around:
    """Whose links to find: of these memories this way, of those against it; `types` empty for all, `own_namespace` None
    for whoever sees everybody's."""

    memory_ids: Sequence[UUID]
    direction: Direction
    against: Sequence[UUID] = ()
    types: Sequence[str] = ()
    own_namespace: str | None = None
    most: int = EXAMINED

    def ends(self) -> tuple[list[UUID], list[UUID]]:
        """Whose outgoing links are wanted, and whose incoming ones."""
        outgoing, incoming = list[UUID](), list[UUID]()
        for memory_ids, direction in ((self.memory_ids, self.direction), (self.against, self.direction.reversed)):
            outgoing += memory_ids if direction is not Direction.INCOMING else ()
            incoming += memory_ids if direction is not Direction.OUTGOING else ()
        return outgoing, incoming


@dataclass(frozen=True, slots=True)
class NearLink:
    """That a memory is linked with another one, whichever way, and how strongly at best."""

    memory_id: UUID
    other_id: UUID
    strength: float


class LinkStore:
    """The links of a tenant; what takes a connection runs in its transaction, the rest is one round trip each."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def links_of(self, tenant_id: TenantId, memory_ids: Sequence[UUID]) -> list[NearLink]:
        """The strongest 20 links of each memory, either way; the other ends may be out of recall or foreign."""
        rows = await self._database.tenant_read(tenant_id, _SQL.links_of, list(memory_ids), STRONGEST)
        return [NearLink(*row) for row in rows]

    async def around(self, tenant_id: TenantId, wanted: Around, now: datetime) -> list[Link]:
        """The links of some memories, as far as their other ends are in recall and the caller's to see."""
        outgoing, incoming = wanted.ends()
        values = (outgoing, incoming, list(wanted.types), wanted.own_namespace, now, EXAMINED, wanted.most)
        return [Link(*row) for row in await self._database.tenant_read(tenant_id, _SQL.links_around, *values)]

    async def find_ends(
        self, connection: Connection, tenant_id: TenantId, memory_ids: Sequence[UUID]
    ) -> dict[UUID, str]:
        """The namespaces of those memories that exist; none of them is deleted until the transaction ends."""
        rows = await connection.fetch(_SQL.find_ends, tenant_id, list(memory_ids))
        return {row["memory_id"]: row["namespace"] for row in rows}

    async def put(self, connection: Connection, tenant_id: TenantId, link: Link, all_owners: bool) -> Link | None:
        """Make a link or give it a new strength; None where it is somebody else's and only one's own may be changed."""
        row = await connection.fetchrow(_SQL.link, tenant_id, *astuple(link), all_owners)
        return Link(*row) if row is not None else None

    async def remove(self, connection: Connection, tenant_id: TenantId, link: Link, all_owners: bool) -> int:
        """Take away the links between two memories of this type, or all where it is empty; answers how many."""
        place = (link.source_id, link.target_id, link.type)
        done = await connection.execute(_SQL.unlink, tenant_id, *place, all_owners, link.owner_sub)
        return int(done.rpartition(" ")[2])

    async def exist(self, connection: Connection, tenant_id: TenantId, link: Link) -> bool:
        """Whether there are such links, whoever made them."""
        place = (link.source_id, link.target_id, link.type)
        return bool(await connection.fetchval(_SQL.has_links, tenant_id, *place))
