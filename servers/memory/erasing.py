"""What memory has of a person, and how it goes; and what lies beside all houses: the bus, and copies of the data.

How a store is searched stands in `soma_common/operations/erasing.py`.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from servers.memory.storing.telling import lost_memories
from soma_common.events.store import EventStore
from soma_common.events.transports.port import Transport
from soma_common.kernel.clock import Clock
from soma_common.operations.beside import PublishedEraser, Resting
from soma_common.operations.erasing import TableEraser
from soma_common.operations.shared_stores import shared_erasers
from soma_common.operations.subjects import Eraser, Store, Subject, Table
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.memory", "sql/erasing.sql")
STORES: Final = (
    Store(
        "memories",
        (
            Table(
                "memories",
                names="namespace owner_sub subject speaker",
                words="text payload source_id tags coordinate predicate object",
                plain="text_key embedding_version",
            ),
            Table("memory_sources", names="owner_sub speaker", words="source_id"),
            Table("memory_origins"),
            Table(
                "memory_versions",
                names="subject speaker change_sub",
                words="text payload tags coordinate",
            ),
            Table("memory_imports", names="owner_sub"),
            Table("daily_writes"),
        ),
        _SQL.erase_memories,
    ),
    Store(
        "memory indexes",
        (
            Table("memory_vectors", names="namespace", plain="embedding_version"),
            Table("memory_terms", names="namespace", words="term"),
            Table("memory_entries", names="namespace", plain="entry vector embedding_version"),
            Table("memory_embeddings", plain="embedding_version vector"),
            Table("memories_to_index", plain="embedding_version"),
            Table("filled_indexes", plain="identity embedding_version"),
            Table("memory_changes", names="namespace"),
            Table("namespace_sizes", names="namespace"),
        ),
    ),
    Store(
        "quarantines",
        (
            Table("quarantines", names="owner_sub", words="reason source_id"),
            Table("quarantine_members"),
            Table("memory_ghosts"),
            Table("memory_uses"),
        ),
        _SQL.erase_quarantines,
    ),
    Store(
        "sweeps and consolidations",
        (
            Table("upkeep"),
            Table("sweeps", names="owner_sub"),
            Table("swept_memories"),
            Table("consolidations", names="namespace owner_sub", words="sentence", plain="method"),
            Table("consolidation_sources", plain="text_hash"),
            Table("consolidation_proposals", words="text"),
            Table("lost_memories", names="namespace"),
        ),
        _SQL.erase_upkeep,
    ),
    Store("links", (Table("memory_links", names="owner_sub", words="type"),), _SQL.erase_links),
    Store("forgotten sources", (Table("forgotten_sources", names="owner_sub source"),), _SQL.erase_forgotten),
    Store(
        "reports of erasures",
        (
            # The name stands there while the erasure runs, and goes with its end.
            Table("erasures", plain="sub subject_hash salt"),
            Table("erased_stores", plain="house store sentence"),
        ),
    ),
)


class MemoriesEraser(TableEraser):
    """Erases the person's memories, and tells in that transaction which of those went that others could read."""

    def __init__(self, database: Database, store: Store, events: EventStore) -> None:
        super().__init__(database, store)
        self._events = events

    async def take_out(self, connection: Connection, subject: Subject) -> int:
        """The end of the erasure tells of those in the person's own namespace: events would name the person."""
        amount = await super().take_out(connection, subject)
        amount += int(await connection.fetchval(_SQL.drop_own_lost))
        drafts = await lost_memories(connection, subject.tenant_id)
        await self._events.append(connection, subject.tenant_id, drafts)
        return amount


BACKUPS: Final = (
    "Copies of the data that an operator made before still hold the person; they go when the operator deletes them, "
    "and a copy that is restored brings the person back until it is forgotten again."
)
SHELVES: Final = (
    "Processes of memory hold what they recall from in their own memory; every recall looks first at what was erased, "
    "and what nobody recalls from is brought up to date every five minutes."
)
# So long until every process has looked, with room for one that is busy.
SHELVES_AFTER: Final = timedelta(minutes=10)


def erasers(
    database: Database, transport: Transport, events: EventStore, clock: Clock, *further: Eraser
) -> Sequence[Eraser]:
    """Those of memory, and those of what lies beside all houses."""
    first, *others = STORES
    tables = (MemoriesEraser(database, first, events), *(TableEraser(database, store) for store in others))
    shelves = Resting("shelves of recall", SHELVES, clock, SHELVES_AFTER)
    beside = (PublishedEraser(transport, clock), Resting("backups", BACKUPS, clock))
    return (*tables, *further, shelves, *shared_erasers(database), *beside)
