"""One statement that a process sends over and over: prepared once, on a connection that nobody else uses.

Nothing here knows a table. What borrowing from a pool costs each time is saved, no more.
"""

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

from soma_common.postgres.failures import DRIVER_EXCEPTIONS, connecting, translate
from soma_common.postgres.house import HouseDatabase

_CONNECT_SECONDS = 5.0
_COMMAND_SECONDS = 35.0


class StandingStatement:
    """A statement of the worker role; each call commits by itself, in one round trip, and one call runs at a time.

    A connection lost meanwhile leaves the outcome unknown: only what may be done twice belongs here. The next call
    connects anew.
    """

    def __init__(self, urls: HouseDatabase, statement: str) -> None:
        self._urls = urls
        self._statement = statement
        self._connection: asyncpg.Connection | None = None
        self._prepared: PreparedStatement | None = None

    async def rows(self, *args: object) -> list[asyncpg.Record]:
        """Runs it. Raises SomaError(DATABASE_UNAVAILABLE | CONFLICT); constraint violations stay asyncpg's."""
        try:
            prepared = self._prepared or await self._prepare()
            return await prepared.fetch(*args)
        except DRIVER_EXCEPTIONS as problem:
            self._drop()
            error = translate(problem)
            if error is None:
                raise
            raise error from problem
        except BaseException:
            # Cancelled in the middle: whatever the server still answers is not for the next call.
            self._drop()
            raise

    def close(self) -> None:
        """Ends the connection."""
        self._drop()

    async def _prepare(self) -> PreparedStatement:
        with connecting():
            self._connection = await asyncpg.connect(
                self._urls.worker_dsn,
                timeout=_CONNECT_SECONDS,
                command_timeout=_COMMAND_SECONDS,
                server_settings={"application_name": f"soma {self._urls.house} writer"},
            )
        self._prepared = await self._connection.prepare(self._statement)
        return self._prepared

    def _drop(self) -> None:
        connection, self._connection, self._prepared = self._connection, None, None
        if connection is not None:
            connection.terminate()
