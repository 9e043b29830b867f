"""What storing and recalling read: what they need, also where no statistics tell the planner how much there is."""

from collections import Counter
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from servers.memory.domain.memory import Kind, Memory, RecallFilter, Source
from servers.memory.storing.rows import Indexed, MemoryStore
from soma_common.postgres.pool import Connection
from soma_common.testing.identity import TENANT
from soma_common.testing.postgres import HouseDatabases, OpenDatabase

pytestmark = pytest.mark.integration

MEMORIES = 300
OWN_WORDS = 20
NAMESPACE = "user:reader"
QUERY = "select memory_id, bm25 from memories_with_words($1, $2, $3, '{}', '{}', null, 0, 40)"
FILL = """
with kept as (
  insert into memories (tenant_id, memory_id, namespace, owner_sub, kind, text, text_key, subject, speaker,
    source_class, source_id, trust, importance, tags, token_count, term_count, learn_time, valid_from,
    embedding_version)
  select $1, gen_random_uuid(), $2, 'reader', 1, 'text', sha256(number::text::bytea), '', '',
    1, '', 1, 0.5, '{}', 1, 2, now(), now(), ''
  from generate_series(1, $3) as number
  returning memory_id
), numbered as (
  select memory_id, row_number() over () as number from kept
)
insert into memory_terms (tenant_id, namespace, term, memory_id, frequency)
select $1, $2, 'common', memory_id, 1 from numbered
union all
select $1, $2, 'rare', memory_id, 1 from numbered where number <= 5
"""
MANY = 4_050
READ = """
select relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) as rows
from pg_stat_xact_user_tables where relname in ('memories', 'memory_terms')
"""


def memory(text: str) -> Memory:
    now = datetime.now(UTC)
    return Memory(
        memory_id=uuid4(),
        namespace=NAMESPACE,
        owner_sub="reader",
        kind=Kind.EPISODIC,
        text=text,
        payload=None,
        subject="",
        speaker="",
        source=Source.USER_SAID,
        source_id="",
        conversation_id=None,
        trust=1.0,
        importance=0.5,
        tags=(),
        token_count=1,
        learn_time=now,
        valid_from=now,
    )


async def rows_read(connection: Connection) -> Counter[str]:
    return Counter({row["relname"]: row["rows"] for row in await connection.fetch(READ)})


async def test_a_young_table_is_read_by_its_keys(house_database: HouseDatabases, open_database: OpenDatabase) -> None:
    database = await open_database(house_database("memory", "servers.memory"))
    store = MemoryStore(database)
    # Plans are made while the tables are empty, as they are when a service warms up.
    for _ in range(8):
        await store.by_words(TENANT, ["shared"], RecallFilter(namespaces=(NAMESPACE,)), 40)

    async def work(connection: Connection) -> tuple[Counter[str], Counter[str], int]:
        for number in range(MEMORIES):
            terms = Counter(["shared", *(f"own{number}x{word}" for word in range(OWN_WORDS))])
            await store.add(connection, TENANT, Indexed(memory(f"text {number}"), None, terms, None))
        stored = await rows_read(connection)
        found = await connection.fetch(QUERY, TENANT, ["shared", "absent"], [NAMESPACE])
        return stored, await rows_read(connection) - stored, len(found)

    storing, recalling, hits = await database.run(TENANT, work)
    assert hits == 40
    # Each posting refers to its memory, which is looked up once.
    assert storing["memories"] <= MEMORIES * (OWN_WORDS + 1)
    # Each posting is counted, then read, and leads to its memory.
    assert recalling["memory_terms"] <= 2 * MEMORIES
    assert recalling["memories"] <= MEMORIES


async def test_a_word_of_too_many_memories_is_not_read_beside_a_rare_one(
    house_database: HouseDatabases, open_database: OpenDatabase
) -> None:
    database = await open_database(house_database("memory", "servers.memory"))

    async def work(connection: Connection) -> tuple[int, Counter[str]]:
        await connection.execute(FILL, TENANT, NAMESPACE, MANY)
        before = await rows_read(connection)
        found = await connection.fetch(QUERY, TENANT, ["common", "rare"], [NAMESPACE])
        return len(found), await rows_read(connection) - before

    found, read = await database.run(TENANT, work)
    assert found == 5
    # Counting stops at four thousand and one; then the five of the rare word are counted, read and followed.
    assert read["memory_terms"] <= 4_001 + 5 + 5
    assert read["memories"] <= 5
