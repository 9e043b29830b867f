"""What control has of a person, and how it goes: keys, membership, who made a tenant or set a flag.

How a store is searched stands in `soma_common/operations/erasing.py`.
"""

from collections.abc import Sequence
from typing import Final

from soma_common.operations.erasing import TableEraser, begin
from soma_common.operations.shared_stores import shared_erasers
from soma_common.operations.subjects import Eraser, Found, Store, Subject, Table
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.control", "sql/erasing.sql")
KEYS: Final = Store(
    "API keys",
    (
        Table(
            "api_keys",
            names="sub created_by",
            words="name",
            plain="key_id role scopes hash previous_hash",
        ),
    ),
    _SQL.erase_keys,
)
MEMBERS: Final = Store(
    "members",
    (
        Table("members", names="sub", plain="role"),
        Table("tenants", names="created_by", words="display_name", plain="name"),
    ),
    _SQL.erase_members,
)
FEATURES: Final = Store("feature flags", (Table("features", names="updated_by", plain="name"),), _SQL.erase_features)
USAGE: Final = Store(
    "usage and sessions",
    (
        Table("usage_turns", plain="agent_id outcome"),
        Table("spent_proofs", plain="kind proof_id"),
    ),
)
STORES: Final = (KEYS, MEMBERS, FEATURES, USAGE)


class OwnRowsEraser(TableEraser):
    """A store in which a tenant also sees rows that are not its own: only its own are searched for names."""

    def __init__(self, database: Database, store: Store, find: str) -> None:
        super().__init__(database, store)
        self._tables = database
        self._find = find

    async def find(self, subject: Subject) -> Found:
        """Look for the name in the rows of the tenant."""

        async def work(connection: Connection) -> int:
            await begin(connection, subject)
            return int(await connection.fetchval(self._find))

        return Found(await self._tables.run(subject.tenant_id, work))


def erasers(database: Database) -> Sequence[Eraser]:
    """Those of control."""
    return (
        TableEraser(database, KEYS),
        OwnRowsEraser(database, MEMBERS, _SQL.find_members),
        OwnRowsEraser(database, FEATURES, _SQL.find_features),
        TableEraser(database, USAGE),
        *shared_erasers(database),
    )
