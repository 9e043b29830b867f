"""What PostgreSQL knows of a namespace and what changed in it, as entries of the view.

Who keeps them, and for how long, is not known here.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias
from uuid import UUID

from servers.memory.domain.memory import Kind, Memory
from servers.memory.domain.standing import REPLACED
from servers.memory.indexing.entries import FORMAT, decode, decode_vector, encode, encode_vector
from servers.memory.storing.rows import MemoryStore
from servers.memory.view.entry import Entry
from servers.memory.view.reading import Reader
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

# What one statement brings, of each namespace.
PAGE: Final = 400
_SQL: Final = Queries.of("servers.memory", "sql/entries.sql")
Row: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Change:
    """How far a namespace was read: up to `seq`, with `more` behind it; `fresh` rows are the first of the whole."""

    namespace: str
    seq: int
    memories: int
    fresh: bool
    more: bool
    rows: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Told:
    """Rows as entries, the ids of those that are gone, and which entries had to be made of their memories."""

    entries: list[Entry]
    gone: list[UUID]
    made: list[Entry]


class ChangeLog:
    """Reads entries and changes of entries; one round trip each."""

    def __init__(self, database: Database, store: MemoryStore, reader: Reader) -> None:
        self._database = database
        self._store = store
        self._reader = reader

    async def since(self, tenant_id: TenantId, known: Mapping[str, int]) -> list[Change]:
        """What changed in namespaces since these numbers, -1 for one of which nothing is known."""
        values = (list(known), list(known.values()), FORMAT, PAGE)
        changes: list[Change] = []
        for row in await self._database.tenant_read(tenant_id, _SQL.read_changes, *values):
            if row["memory_id"] is None:
                head = (row["namespace"], row["seq"], row["memories"], row["fresh"], row["more"])
                changes.append(Change(*head))
            else:
                changes[-1].rows.append(row)
        return changes

    async def page(self, tenant_id: TenantId, namespace: str, after: UUID) -> list[Row]:
        """The memories behind this one in the order of their ids, PAGE of them where there are so many."""
        return await self._database.tenant_read(tenant_id, _SQL.read_memories, namespace, after, FORMAT, PAGE)

    async def some(self, tenant_id: TenantId, memory_ids: Collection[UUID]) -> list[Row]:
        """Those of the memories that exist."""
        return await self._database.tenant_read(tenant_id, _SQL.view_memories, list(memory_ids), FORMAT)

    async def without_entry(self, tenant_id: TenantId, rows: Sequence[Row]) -> dict[UUID, Memory]:
        """The memories of those rows that no entry of this format came with; asks for them only where there are any."""
        missing = [row["memory_id"] for row in rows if row["kind"] is not None and row["entry"] is None]
        if not missing:
            return {}
        return {memory.memory_id: memory for memory in await self._store.find_many(tenant_id, missing)}

    def told(self, rows: Sequence[Row], memories: Mapping[UUID, Memory]) -> Told:
        """The rows as entries. Pure; slow for many."""
        told = Told([], [], [])
        for row in rows:
            memory_id = row["memory_id"]
            if row["kind"] is None or (row["entry"] is None and memory_id not in memories):
                told.gone.append(memory_id)
            elif row["entry"] is not None:
                told.entries.append(_entry(row, decode(row["entry"]), decode_vector(row["vector"])))
            else:
                read = self._reader.entry(memories[memory_id])
                told.entries.append(_entry(row, read, read.vector))
                told.made.append(told.entries[-1])
        return told

    async def keep(self, tenant_id: TenantId, made: Sequence[Entry], memories: Mapping[UUID, Memory]) -> None:
        """Keep entries that had to be made, so that nobody has to make them again."""
        kept = [memories[entry.memory_id] for entry in made]
        values = (
            [memory.memory_id for memory in kept],
            [memory.namespace for memory in kept],
            [encode(entry) for entry in made],
            [encode_vector(entry.vector) for entry in made],
            [memory.embedding_version for memory in kept],
        )

        async def work(connection: Connection) -> None:
            await connection.execute(_SQL.put_missing, tenant_id, *values)

        await self._database.run(tenant_id, work)


def _entry(row: Row, content: Any, vector: Any) -> Entry:
    return Entry(
        memory_id=row["memory_id"],
        kind=Kind(row["kind"]),
        learn_time=row["learn_time"],
        valid_from=row["valid_from"],
        terms=content.terms,
        frequencies=content.frequencies,
        vector=vector,
        names=content.names,
        traits=content.traits,
        importance=row["importance"],
        trust=row["trust"],
        tags=tuple(row["tags"]),
        metadata=content.metadata,
        subject=row["subject"],
        speaker=row["speaker"],
        conversation_id=row["conversation_id"],
        position=row["position"],
        session_time=row["session_time"],
        valid_to=row["valid_to"],
        retire_time=row["retire_time"],
        replaced=row["retire_reason"] in REPLACED,
        expire_time=row["expire_time"],
        hidden=row["hidden_by"] > 0,
        token_count=row["token_count"],
    )
