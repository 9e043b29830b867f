"""Memories, their vectors and words in PostgreSQL.

What is kept and how hits are ranked is decided in `domain/`; here it is written and found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from servers.memory.domain.memory import Kind, Memory, Retired, Source
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.memory", "sql/queries.sql")
_ENTRIES: Final = Queries.of("servers.memory", "sql/entries.sql")
Vector = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Indexed:
    """A memory with the key of what it says, and what recall holds of it: its entry, its vector (if any) as bytes."""

    memory: Memory
    text_key: bytes
    term_count: int
    entry: bytes
    vector: bytes | None


class MemoryStore:
    """The memories of a tenant; what takes a connection runs in its transaction, the rest is one round trip each."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def index(self, connection: Connection, tenant_id: TenantId, memories: Sequence[Indexed]) -> None:
        """Write what recall needs of memories that were stored or changed in this transaction."""
        if memories:
            await connection.execute(
                _ENTRIES.put_entries,
                tenant_id,
                [each.memory.memory_id for each in memories],
                [each.memory.namespace for each in memories],
                [each.entry for each in memories],
                [each.vector for each in memories],
                [each.memory.embedding_version for each in memories],
            )

    async def find(self, connection: Connection, memory_id: UUID) -> Memory | None:
        """One memory of the tenant."""
        row = await connection.fetchrow(_SQL.find, memory_id)
        return memory_of_row(row) if row is not None else None

    async def find_many(self, tenant_id: TenantId, memory_ids: Sequence[UUID]) -> list[Memory]:
        """Those of the memories that exist, in no order."""
        return [
            memory_of_row(row) for row in await self._database.tenant_read(tenant_id, _SQL.find_many, list(memory_ids))
        ]

    async def remove(self, connection: Connection, tenant_id: TenantId, memory_id: UUID) -> tuple[str, int] | None:
        """Delete a memory with its index rows; answers its namespace and version, None where there was none."""
        row = await connection.fetchrow(_SQL.remove, memory_id)
        if row is None:
            return None
        await connection.execute(_SQL.grow_namespace, tenant_id, row["namespace"], -1, -row["term_count"])
        return row["namespace"], row["version"]

    async def note_accesses(self, connection: Connection, accesses: Mapping[UUID, tuple[int, datetime]]) -> None:
        """Count recalls: for each memory how often and when last."""
        ids = sorted(accesses)
        times = [accesses[key][0] for key in ids]
        moments = [accesses[key][1] for key in ids]
        await connection.execute(_SQL.note_accesses, ids, times, moments)


def memory_of_row(row: Any) -> Memory:
    """The memory of a row of `memories`."""
    return Memory(
        memory_id=row["memory_id"],
        namespace=row["namespace"],
        owner_sub=row["owner_sub"],
        kind=Kind(row["kind"]),
        text=row["text"],
        payload=row["payload"],
        subject=row["subject"],
        speaker=row["speaker"],
        source=Source(row["source_class"]),
        source_id=row["source_id"],
        conversation_id=row["conversation_id"],
        trust=row["trust"],
        importance=row["importance"],
        tags=tuple(row["tags"]),
        token_count=row["token_count"],
        learn_time=row["learn_time"],
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        access_count=row["access_count"],
        access_time=row["access_time"],
        embedding_version=row["embedding_version"],
        indexed=row.get("indexed"),
        version=row["version"],
        turn_id=row["turn_id"],
        position=row["position"],
        session_time=row["session_time"],
        coordinate=row["coordinate"],
        predicate=row["predicate"],
        object=row["object"],
        pinned=row["pinned"],
        expire_time=row["expire_time"],
        retire_time=row["retire_time"],
        retire_reason=Retired(row["retire_reason"]) if row["retire_reason"] is not None else None,
        superseded_by=row["superseded_by"],
        derived_from=tuple(row["derived_from"]),
        hidden_by=row["hidden_by"],
    )
