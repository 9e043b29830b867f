"""This process as an owner of turns: a name that outlives it and an epoch that does not.

Whatever carries an older epoch is fenced. Nothing here knows what a turn is.
"""

from typing import Final

from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.chat", "sql/journal.sql")


class Instance:
    """The name of this worker slot and its current epoch, 0 before it is registered."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self.name: Final = name
        self.epoch = 0

    async def register(self) -> int:
        """Takes the name over: from now on its predecessor can write nothing."""
        (row,) = await self._database.worker_statement(_SQL.register_instance, self.name)
        self.epoch = row["epoch"]
        return self.epoch

    async def beat(self) -> bool:
        """Says that this process lives; False when another one took its name."""
        return bool(await self._database.worker_statement(_SQL.beat, self.name, self.epoch))
