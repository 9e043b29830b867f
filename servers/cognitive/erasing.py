"""What cognitive has of a person: who changed an agent by hand, threads, where memories of a person's turns were kept.

Signals are numbers and words of the house. How a store is searched stands in `soma_common/operations/erasing.py`.
"""

from collections.abc import Sequence
from typing import Final

from soma_common.operations.erasing import TableEraser
from soma_common.operations.shared_stores import shared_erasers
from soma_common.operations.subjects import Eraser, Store, Table
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.cognitive", "sql/erasing.sql")
STORES: Final = (
    Store(
        "states",
        (
            Table("agent_states"),
            Table("state_snapshots"),
            Table("state_log", names="changed_by", words="signal_causes", plain="kind signal_names"),
        ),
        _SQL.erase_states,
    ),
    Store(
        "threads",
        (
            Table("threads", names="owner_sub", words="goal", plain="method"),
            Table("thread_options", words="text reason"),
            Table("current_threads"),
        ),
        _SQL.erase_threads,
    ),
    Store(
        "adaptations",
        (
            Table("agent_adaptations"),
            Table("adaptation_log", names="changed_by", plain="kind cause"),
            Table("turn_shares"),
        ),
        _SQL.erase_adaptations,
    ),
    Store(
        "sleeps",
        (
            Table("agent_sleeps"),
            Table("agent_loads"),
            Table("sleep_log", names="changed_by", words="trace_id", plain="cause"),
            Table("agent_namespaces", names="namespace"),
        ),
        _SQL.erase_sleeps,
    ),
    Store(
        "working memories",
        (
            Table("working_memories", names="owner_sub", words="session_id"),
            Table("working_items", names="owner_sub", words="session_id text", plain="text_key likeness"),
            Table("actions", names="owner_sub answer", words="answer", plain="body_hash"),
        ),
        _SQL.erase_working_memories,
    ),
    Store(
        "sleep cycles",
        (
            Table("sleep_cycles", plain="step cause problem sentences"),
            Table("sleep_cycle_groups", names="namespace"),
        ),
        _SQL.erase_cycles,
    ),
)


def erasers(database: Database) -> Sequence[Eraser]:
    """Those of cognitive."""
    return (*(TableEraser(database, store) for store in STORES), *shared_erasers(database))
