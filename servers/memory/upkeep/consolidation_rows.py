"""Consolidations in PostgreSQL, with their sources and their proposals; everything runs in the connection it gets."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from servers.memory.domain.consolidation import PlannedFact, Proposal, State
from servers.memory.domain.memory import Memory
from servers.memory.domain.noise import normalised
from servers.memory.storing.rows import Indexed, MemoryStore, memory_of_row
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.memory", "sql/consolidations.sql")


@dataclass(frozen=True, slots=True)
class Consolidation:
    """One consolidation as it stands."""

    consolidation_id: UUID
    namespace: str
    state: State
    method: str
    sentence: str
    source_count: int
    rested_count: int
    coverage: float
    used_tokens: int
    fact_ids: tuple[UUID, ...]
    start_time: datetime
    end_time: datetime | None
    undo_until: datetime | None


class ConsolidationRows:
    """The statements."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def begin(self, connection: Connection, tenant_id: TenantId, begun: Consolidation, owner_sub: str) -> bool:
        """Begin one, unless another of the same namespace runs."""
        values = (tenant_id, begun.consolidation_id, begun.namespace, owner_sub, begun.start_time)
        return await connection.fetchval(_SQL.begin, *values) is not None

    async def find(
        self, connection: Connection, tenant_id: TenantId, consolidation_id: UUID, *, hold: bool = False
    ) -> Consolidation | None:
        """One, held until the end of the transaction where that is wanted."""
        row = await connection.fetchrow(_SQL.lock if hold else _SQL.find, tenant_id, consolidation_id)
        return None if row is None else _consolidation(row)

    async def running(self, connection: Connection, tenant_id: TenantId, namespace: str) -> Consolidation | None:
        """The one of a namespace that runs."""
        row = await connection.fetchrow(_SQL.find_running, tenant_id, namespace)
        return None if row is None else _consolidation(row)

    async def list_some(self, connection: Connection, *values: object) -> list[Consolidation]:
        """Some of a tenant, the newest first."""
        return [_consolidation(row) for row in await connection.fetch(_SQL.list, *values)]

    async def candidates(
        self,
        connection: Connection,
        namespace: str,
        before: datetime,
        now: datetime,
        most: int,
        only: Sequence[UUID] = (),
    ) -> list[Memory]:
        """What a consolidation looks at; of `only` these memories where some are named."""
        rows = await connection.fetch(_SQL.candidates, namespace, before, now, most, list(only))
        return [memory_of_row(row) for row in rows]

    async def note_sources(
        self, connection: Connection, tenant_id: TenantId, consolidation_id: UUID, memories: Sequence[Memory]
    ) -> None:
        """Remember what is looked at, and as what."""
        hashes = [hashlib.sha256(memory.text.encode()).digest() for memory in memories]
        ids = [memory.memory_id for memory in memories]
        await connection.execute(_SQL.add_sources, tenant_id, consolidation_id, ids, hashes)

    async def sources(
        self, connection: Connection, tenant_id: TenantId, consolidation_id: UUID, *, hold: bool = False
    ) -> dict[UUID, Memory]:
        """The sources that are still as they were looked at; held until the end of the transaction where wanted."""
        if hold:
            await connection.execute(_SQL.hold_sources, tenant_id, consolidation_id)
        rows = await connection.fetch(_SQL.sources, tenant_id, consolidation_id)
        return {row["memory_id"]: memory_of_row(row) for row in rows}

    async def propose(
        self,
        connection: Connection,
        tenant_id: TenantId,
        consolidation_id: UUID,
        proposals: Sequence[Proposal],
        told: tuple[str, str, int],
    ) -> None:
        """Keep these proposals, and how they came about: method, sentence, tokens. What was proposed before goes."""
        await connection.execute(_SQL.drop_proposals, tenant_id, consolidation_id)
        values = [
            (tenant_id, consolidation_id, place, it.text, list(it.source_ids)) for place, it in enumerate(proposals)
        ]
        await connection.executemany(_SQL.add_proposals, values)
        await connection.execute(_SQL.say_method, tenant_id, consolidation_id, *told)

    async def proposals(self, connection: Connection, tenant_id: TenantId, consolidation_id: UUID) -> list[Proposal]:
        """What was proposed."""
        rows = await connection.fetch(_SQL.proposals, tenant_id, consolidation_id)
        return [Proposal(row["text"], tuple(row["source_ids"])) for row in rows]

    async def drop_proposals(self, connection: Connection, tenant_id: TenantId, consolidation_id: UUID) -> None:
        """No text of a fact stays outside a memory."""
        await connection.execute(_SQL.drop_proposals, tenant_id, consolidation_id)

    async def make(self, connection: Connection, tenant_id: TenantId, fact: PlannedFact, indexed: Indexed) -> bool:
        """Let the sources of a fact rest and store it; nothing of both where a live memory says the same already."""
        rested, memory = list(fact.rested_ids), indexed.memory
        await connection.execute(_SQL.rest, tenant_id, rested, memory.learn_time)
        if await connection.fetchval(_SQL.store_fact, *_fact_row(tenant_id, indexed)) is None:
            await connection.execute(_SQL.rouse, tenant_id, rested, memory.learn_time)
            return False
        await self._store.index(connection, tenant_id, [indexed])
        await connection.execute(_SQL.inherit_sources, tenant_id, memory.memory_id, list(fact.source_ids))
        return True

    async def finish(
        self, connection: Connection, tenant_id: TenantId, done: Consolidation, rested: Sequence[UUID]
    ) -> None:
        """What came of one, with the sources that rest."""
        await connection.execute(_SQL.mark_rested, tenant_id, done.consolidation_id, list(rested))
        values: tuple[Any, ...] = (int(done.state), done.sentence, done.source_count, done.rested_count, done.coverage)
        ends = (list(done.fact_ids), done.end_time, done.undo_until)
        await connection.execute(_SQL.finish, tenant_id, done.consolidation_id, *values, *ends)

    async def abandon(
        self, connection: Connection, tenant_id: TenantId, consolidation_id: UUID, sentence: str, now: datetime
    ) -> None:
        """Nothing came of one that runs."""
        await connection.execute(_SQL.abandon, tenant_id, consolidation_id, sentence, now)

    async def leave_unlooked(self, connection: Connection, tenant_id: TenantId, consolidation_id: UUID) -> None:
        """What one that is over looked at counts as never looked at."""
        await connection.execute(_SQL.leave_unlooked, tenant_id, consolidation_id)

    async def take_back(
        self, connection: Connection, tenant_id: TenantId, done: Consolidation, sentence: str, now: datetime
    ) -> int:
        """Take the facts of one out and wake its sources; answers how many."""
        await connection.execute(_SQL.take_facts_out, tenant_id, list(done.fact_ids), now)
        await connection.execute(_SQL.mark_rolled_back, tenant_id, done.consolidation_id, sentence)
        return len(await connection.fetch(_SQL.awaken, tenant_id, done.consolidation_id, done.end_time))


def _fact_row(tenant_id: TenantId, indexed: Indexed) -> tuple[object, ...]:
    memory = indexed.memory
    return (
        tenant_id,
        memory.memory_id,
        memory.namespace,
        memory.owner_sub,
        memory.text,
        hashlib.sha256(normalised(memory.text).encode()).digest(),
        memory.subject,
        memory.speaker,
        int(memory.source),
        memory.source_id,
        memory.conversation_id,
        memory.turn_id,
        memory.trust,
        memory.importance,
        list(memory.tags),
        memory.token_count,
        indexed.term_count,
        memory.learn_time,
        memory.valid_from,
        memory.embedding_version,
        list(memory.derived_from),
    )


def _consolidation(row: Any) -> Consolidation:
    return Consolidation(
        consolidation_id=row["consolidation_id"],
        namespace=row["namespace"],
        state=State(row["state"]),
        method=row["method"],
        sentence=row["sentence"],
        source_count=row["source_count"],
        rested_count=row["rested_count"],
        coverage=row["coverage"],
        used_tokens=row["used_tokens"],
        fact_ids=tuple(row["fact_ids"]),
        start_time=row["start_time"],
        end_time=row["end_time"],
        undo_until=row["undo_until"],
    )
