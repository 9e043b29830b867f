"""What storing and recalling read: what they need, also where no statistics tell the planner how much there is."""

from collections import Counter
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from servers.memory.domain.memory import Kind, Memory, RecallFilter, Source
from servers.memory.store import Indexed, MemoryStore
from soma_common.postgres.pool import Connection
from soma_common.testing.identity import TENANT
from soma_common.testing.postgres import HouseDatabases, OpenDatabase

pytestmark = pytest.mark.integration

MEMORIES = 300
OWN_WORDS = 20
NAMESPACE = "user:reader"
QUERY = "select memory_id, bm25 from memories_with_words($1, $2, $3, '{}', '{}', null, 0, 40)"
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
