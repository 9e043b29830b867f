"""Signals by LISTEN and NOTIFY, on one connection of its own that goes to the server directly.

Nothing here takes part in a transaction of anybody: NOTIFY holds a lock of the whole database while it commits.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any, ClassVar

import asyncpg

from soma_common.postgres.failures import DRIVER_EXCEPTIONS, connecting
from soma_common.postgres.house import HouseDatabase
from soma_common.postgres.queries import Queries
from soma_common.signals.wired import Hear, Signal, Wire, WiredSignals

_SQL = Queries.of("soma_common.signals", "sql/signals.sql")


class PostgresSignals(WiredSignals):
    """Signals within one database: they reach all processes that are connected to it."""

    broken: ClassVar[tuple[type[Exception], ...]] = (*DRIVER_EXCEPTIONS, OSError)

    def __init__(self, urls: HouseDatabase) -> None:
        super().__init__()
        self._urls = urls

    async def _connect(self, hear: Hear) -> Wire:
        with connecting():
            # A hint need not survive a loss of power: its commit waits for no disk.
            settings = {"application_name": f"soma {self._urls.house} signals", "synchronous_commit": "off"}
            return _PostgresWire(await asyncpg.connect(self._urls.worker_dsn, server_settings=settings), hear)


class _PostgresWire(Wire):
    """A connection that listens and notifies."""

    def __init__(self, connection: asyncpg.Connection, hear: Hear) -> None:
        self.lost = asyncio.Event()
        self._connection = connection
        self._hear = hear
        self._names: dict[str, str] = {}
        connection.add_termination_listener(lambda _: self.lost.set())

    async def listen(self, names: Sequence[str]) -> None:
        for name in names:
            channel = channel_of(name)
            self._names[channel] = name
            await self._connection.add_listener(channel, self._notified)
            self._hear(name, "")

    async def unlisten(self, names: Sequence[str]) -> None:
        for name in names:
            channel = channel_of(name)
            await self._connection.remove_listener(channel, self._notified)
            self._names.pop(channel, None)

    def _notified(self, _connection: Any, _pid: int, channel: str, payload: object) -> None:
        name = self._names.get(channel)
        if name is not None:
            self._hear(name, str(payload))

    async def send(self, batch: Sequence[Signal]) -> None:
        channels = [channel_of(name) for name, _ in batch]
        await self._connection.execute(_SQL.notify, channels, [payload for _, payload in batch])

    async def ping(self) -> None:
        await self._connection.execute(_SQL.ping)

    async def close(self) -> None:
        self._connection.terminate()


def channel_of(name: str) -> str:
    """The channel of a topic: its whole name would be longer than a channel's may be."""
    return f"soma_{hashlib.blake2b(name.encode(), digest_size=16).hexdigest()}"
