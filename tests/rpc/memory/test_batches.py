"""Many memories at once: what a batch reads does not grow with what is there, also while a table is young."""

from typing import Final
from uuid import uuid4

from servers.memory.decoding.memories import storing_of
from servers.memory.indexing.indexer import Indexer
from servers.memory.storing.intake import Intake, Limits, Outcome
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma_common.kernel.ids import Ids
from soma_common.testing.identity import TENANT, user
from tests.rpc.memory.conftest import Remembering

_SIZE: Final = 100
_READ: Final = """
    select coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::integer
    from pg_stat_xact_user_tables where relname = 'memories'
"""


async def test_a_batch_reads_only_what_says_the_same(remembering: Remembering, indexer: Indexer) -> None:
    intake, ids, now = Intake(Limits()), Ids(), remembering.clock.now()

    async def store(start: int, facts: bool = False) -> tuple[list[Outcome], int]:
        """What became of a batch, and how many rows of memories were read for it."""
        texts = [service_pb.NewMemory(text=f"The lamp in room {start + number} hums") for number in range(_SIZE)]
        for number, new in enumerate(texts):
            if facts:
                new.subject, new.predicate = f"lamp {number}", "sounds"
            new.source_id = str(uuid4())
        indexed = [indexer.indexed(storing_of(new, user("ada"), ids.uuid7(), now).memory) for new in texts]
        async with remembering.database.transaction(TENANT) as connection:
            before = await connection.fetchval(_READ)
            kept = await intake.store(connection, TENANT, indexed, now)
            return [each.outcome for each in kept], await connection.fetchval(_READ) - before

    for start in (0, 1_000, 2_000):
        outcomes, read = await store(start)
        assert set(outcomes) == {Outcome.STORED}
        assert read <= 2 * _SIZE, start
    outcomes, _ = await store(1_000)
    assert set(outcomes) == {Outcome.REPEATED}
    await store(3_000, facts=True)
    outcomes, read = await store(4_000, facts=True)
    assert set(outcomes) == {Outcome.STORED}
    assert read <= 8 * _SIZE
