"""The PostgreSQL and the Kafka of the figures about events: started when first asked for, ended with the run.

Knows nothing of what is measured on them.
"""

import asyncio
from contextlib import ExitStack
from typing import Self
from urllib.parse import urlsplit

import asyncpg

from bench.arms.arm import ArmMissingError
from bench.durable.log import statements
from soma_common.postgres.house import HouseDatabase
from soma_common.testing.folders import disk_folder
from soma_common.testing.kafka import launched_kafka
from soma_common.testing.postgres import LaunchedPostgres, TestServer, launched_dsn
from soma_common.testing.servers import program_of, running


class Servers:
    """A PostgreSQL with the settings of the standalone shape, and a broker where its program is here."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._launched: LaunchedPostgres | None = None
        self._postgres: TestServer | None = None
        self._kafka = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def postgres(self) -> TestServer:
        """The server, with the roles of every house."""
        if self._postgres is None:
            self._launched = LaunchedPostgres(disk_folder("soma-pg-"))
            self._stack.callback(self._launched.remove)
            self._launched.start()
            self._postgres = TestServer(launched_dsn(self._launched))
            asyncio.run(self._postgres.prepare())
        return self._postgres

    @property
    def postgres_root(self) -> int:
        """The process from which all processes of the server come."""
        assert self._launched is not None, "the server was not asked for"
        assert self._launched.process is not None
        return self._launched.process.pid

    @property
    def kafka(self) -> str:
        """The address of the broker. Raises ArmMissingError."""
        if not self._kafka:
            if program_of("kafka") is None:
                raise ArmMissingError("Kafka is not here: bring it with `make servers ONLY=kafka`")
            self._kafka = self._stack.enter_context(running(launched_kafka, "kafka")).bootstrap
        return self._kafka

    def house(self, name: str = "chat") -> HouseDatabase:
        """A fresh database: with the shared tables only for chat, with its own as well for another house."""
        return asyncio.run(self.postgres.make(name, None if name == "chat" else f"servers.{name}"))

    def statements_of(self, dsn: str) -> int:
        """How many statements the server has been sent for a database since `listen_to`; see `log.py`."""
        assert self._launched is not None, "the server was not asked for"
        said = (self._launched.cluster.home / "postgres.log").read_text("utf-8", errors="replace")
        return statements(said, database_of(dsn))

    def listen_to(self, dsn: str) -> None:
        """Have the server write down every statement it is sent for a database on connections made from now on."""

        async def listen() -> None:
            connection = await asyncpg.connect(self.postgres.superuser_dsn)
            try:
                await connection.execute(f"alter database {database_of(dsn)} set log_statement = 'all'")
            finally:
                await connection.close()

        asyncio.run(listen())

    def superuser_of_a_new_database(self) -> str:
        """The superuser's address of a fresh database, for peers who make their own tables."""
        return self.postgres.address(database_of(self.house().app_dsn))


def database_of(dsn: str) -> str:
    """The name of the database in an address."""
    return urlsplit(dsn).path.lstrip("/")
