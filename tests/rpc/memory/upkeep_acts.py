"""What tests of sweeps and consolidations do and look at."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from servers.memory.domain.memory import Kind, Memory, Source
from servers.memory.domain.standing import in_recall
from servers.memory.storing.rows import memory_of_row
from soma.memory.v1 import upkeep_pb2
from soma_common.postgres.pool import Connection
from soma_common.testing.identity import TENANT
from tests.rpc.memory.conftest import Remembering

HERE = "user:ada"
INSERT = """
insert into memories (
  tenant_id, memory_id, namespace, owner_sub, kind, text, text_key, payload, subject, speaker, source_class, source_id,
  conversation_id, trust, importance, tags, token_count, term_count, learn_time, valid_from, valid_to, access_count,
  embedding_version, pinned, expire_time, coordinate, predicate, hidden_by
)
values ($1, $2, $3, $4, $5, $6, sha256(convert_to($7, 'UTF8')), $8, $9, $10, $11, $12, $13, $14, $15, $16, 9, 5, $17,
  $18, $19, $20, '', $21, $22, $23, $24, $25)
"""
TABLES = (
    "memories",
    "sweeps",
    "swept_memories",
    "consolidations",
    "consolidation_sources",
    "consolidation_proposals",
    "memory_sources",
    "events",
    "sagas",
)


def memory_at(now: datetime, text: str, **fields: Any) -> Memory:
    plain = Memory(
        uuid4(), HERE, "ada", Kind.EPISODIC, text, None, "", "", Source.USER_SAID, "", None, 0.9, 0.5, (), 9, now, now
    )
    return replace(plain, **fields)


async def put(remembering: Remembering, *memories: Memory) -> None:
    """Rows as a storer would have left them, with ages and standings that no storer gives."""

    async def work(connection: Connection) -> None:
        for it in memories:
            await connection.execute(
                INSERT, TENANT, it.memory_id, it.namespace, it.owner_sub, int(it.kind), it.text, str(it.memory_id),
                it.payload, it.subject, it.speaker, int(it.source), it.source_id, it.conversation_id, it.trust,
                it.importance, list(it.tags), it.learn_time, it.valid_from, it.valid_to, it.access_count, it.pinned,
                it.expire_time, it.coordinate, it.predicate, it.hidden_by,
            )  # fmt: skip

    await remembering.database.run(TENANT, work)


async def rows(remembering: Remembering) -> dict[UUID, Memory]:
    """Every memory of the tenant."""

    async def work(connection: Connection) -> dict[UUID, Memory]:
        found = await connection.fetch("select * from memories")
        return {row["memory_id"]: memory_of_row(row) for row in found}

    return await remembering.database.run(TENANT, work)


async def recallable(remembering: Remembering) -> set[UUID]:
    """What recall may find now."""
    now = remembering.clock.now()
    return {key for key, memory in (await rows(remembering)).items() if in_recall(memory, now)}


async def texts(remembering: Remembering) -> set[str]:
    """What recall may find now, by its words."""
    now = remembering.clock.now()
    return {memory.text for memory in (await rows(remembering)).values() if in_recall(memory, now)}


async def dump(remembering: Remembering) -> dict[str, list[str]]:
    """Every row of every table that upkeep writes."""

    async def work(connection: Connection) -> dict[str, list[str]]:
        return {
            table: [row[0] for row in await connection.fetch(f"select t::text from {table} t order by t::text")]
            for table in TABLES
        }

    return await remembering.database.run(TENANT, work)


async def statement(remembering: Remembering, text: str, *values: object) -> list[Any]:
    async def work(connection: Connection) -> list[Any]:
        return list(await connection.fetch(text, *values))

    return await remembering.database.run(TENANT, work)


async def sweep(remembering: Remembering, **fields: Any) -> upkeep_pb2.SweepMemoriesResponse:
    request = upkeep_pb2.SweepMemoriesRequest(**{"request_id": str(uuid4())} | fields)
    return await remembering.user.SweepMemories(request)


async def restore(remembering: Remembering, sweep_id: str) -> int:
    request = upkeep_pb2.RestoreSweepRequest(sweep_id=sweep_id, request_id=str(uuid4()))
    return int((await remembering.user.RestoreSweep(request)).restored_count)


async def consolidate(remembering: Remembering, **fields: Any) -> upkeep_pb2.ConsolidateResponse:
    """Asked again where the call could not wait for it."""
    request = upkeep_pb2.ConsolidateRequest(**{"namespace": HERE, "request_id": str(uuid4())} | fields)
    for _ in range(20):
        answer = await remembering.user.Consolidate(request)
        if answer.consolidation.state != upkeep_pb2.CONSOLIDATION_STATE_RUNNING:
            return answer
    raise AssertionError("it runs and runs")


async def roll_back(remembering: Remembering, consolidation_id: str) -> upkeep_pb2.RollbackConsolidationResponse:
    request = upkeep_pb2.RollbackConsolidationRequest(consolidation_id=consolidation_id, request_id=str(uuid4()))
    return await remembering.user.RollbackConsolidation(request)


def days(count: float) -> timedelta:
    return timedelta(days=count)
