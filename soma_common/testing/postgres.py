"""A real PostgreSQL for tests: one server a session, a fresh database a test, cloned from a migrated template.

The server is the one of `SOMA_TEST_POSTGRES` (a superuser's address), else an embedded one in a temporary folder.
"""

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from soma_common.postgres.embedded import EmbeddedPostgres
from soma_common.postgres.house import PLACES, ROLES, HouseDatabase
from soma_common.postgres.migrate import migrate
from soma_common.postgres.pool import Database
from soma_common.postgres.provision import fill_schema, provision_roles
from soma_common.postgres.queries import Queries
from soma_common.testing.folders import quick_folder

T = TypeVar("T")

PASSWORD: Final = "only-for-tests"
_SQL = Queries.of("soma_common.testing", "sql/databases.sql")
_READY_SECONDS: Final = 60.0

HouseDatabases: TypeAlias = Callable[[str, str | None], HouseDatabase]
OpenDatabase: TypeAlias = Callable[[HouseDatabase], Coroutine[Any, Any, Database]]


class LaunchedPostgres:
    """An embedded server run as its own program, as the supervisor does it, in a folder of its own.

    A hasty one never waits for a disk; it is for tests of what stands on a database.
    """

    def __init__(self, home: Path, *, hasty: bool = False) -> None:
        self.cluster = EmbeddedPostgres(home)
        self.process: subprocess.Popen[bytes] | None = None
        self._module = "soma_common.testing.hasty_postgres" if hasty else "soma_common.postgres.embedded"

    def start(self) -> None:
        """Start the launcher and wait until the server answers."""
        command = [sys.executable, "-m", self._module, str(self.cluster.home)]
        with (self.cluster.home / "postgres.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        run_aside(self.cluster.wait_ready(_READY_SECONDS))

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send the signal and wait for the end; returns the exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(number)
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait(20)

    def remove(self) -> None:
        """Stop, and remove every folder that was made."""
        self.stop()
        for folder in (self.cluster.folder, self.cluster.socket_directory, self.cluster.home):
            shutil.rmtree(folder, ignore_errors=True)


class TestServer:
    """A server under test: makes databases, gives out addresses."""

    __test__ = False

    def __init__(self, superuser_dsn: str) -> None:
        self.superuser_dsn = superuser_dsn
        self._templates: dict[tuple[str, str | None], str] = {}
        self._prefix = f"soma_test_{secrets.token_hex(4)}"
        self._count = 0

    def address(self, database: str, role: str | None = None) -> str:
        """The address of a database, as the superuser or as a role of a house."""
        parts = urlsplit(self.superuser_dsn)
        place = parts.netloc.rpartition("@")[2]
        netloc = parts.netloc if role is None else f"{role}:{PASSWORD}@{place}"
        return urlunsplit((parts.scheme, netloc, f"/{database}", parts.query, ""))

    def urls(self, house: str, database: str) -> HouseDatabase:
        """The addresses of a house in this database."""
        owner, app, worker = (self.address(database, PLACES[house].role(right)) for right in ("owner", "app", "worker"))
        return HouseDatabase(house, PLACES[house].schema, app, worker, owner)

    def as_relay(self, urls: HouseDatabase) -> HouseDatabase:
        """The addresses of a bus for one who writes to it."""
        database = urlsplit(urls.app_dsn).path.lstrip("/")
        return replace(urls, worker_dsn=self.address(database, PLACES["bus"].role("relay")))

    async def prepare(self) -> None:
        """Make the roles; they are the same for all databases of a server."""
        async with self._superuser() as connection:
            await connection.execute(_SQL.hold)
            await provision_roles(connection, dict.fromkeys(ROLES, PASSWORD))

    async def make(self, house: str, package: str | None) -> HouseDatabase:
        """A fresh database with the house's migrated schema."""
        template = self._templates.get((house, package))
        if template is None:
            template = await self._make_template(house, package)
            self._templates[house, package] = template
        self._count += 1
        name = f"{self._prefix}_{self._count}"
        async with self._superuser() as connection:
            await connection.execute(_SQL.clone.replace(":name", name).replace(":template", template))
        return self.urls(house, name)

    async def drop(self, urls: HouseDatabase) -> None:
        """Remove a database, whoever is still connected."""
        await self._drop(urlsplit(urls.app_dsn).path.lstrip("/"))

    async def drop_all(self) -> None:
        """Remove the templates at the end of the session."""
        for name in self._templates.values():
            await self._drop(name)

    async def _drop(self, name: str) -> None:
        async with self._superuser() as connection:
            await connection.execute(_SQL.drop.replace(":name", name))

    async def _make_template(self, house: str, package: str | None) -> str:
        name = f"{self._prefix}_template_{len(self._templates)}_{house}"
        async with self._superuser() as connection:
            await connection.execute(_SQL.clone.replace(":name", name).replace(":template", "template0"))
        async with self._superuser(name) as connection:
            await fill_schema(connection, PLACES[house])
        urls = self.urls(house, name)
        await migrate(str(urls.owner_dsn), urls.schema, package)
        return name

    @asynccontextmanager
    async def _superuser(self, database: str | None = None) -> AsyncIterator[asyncpg.Connection]:
        dsn = self.superuser_dsn if database is None else self.address(database)
        connection = await asyncpg.connect(dsn, timeout=10)
        try:
            yield connection
        finally:
            await connection.close()


def run_aside(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on a thread of its own, so that it also works below a running loop."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, work).result()


def temporary_home() -> Path:
    """A new folder for the data of a server."""
    return quick_folder("soma-pg-")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[TestServer]:
    """The server of this session, with the roles of every house."""
    given = os.environ.get("SOMA_TEST_POSTGRES")
    launched = None if given else LaunchedPostgres(temporary_home(), hasty=True)
    try:
        if launched is not None:
            launched.start()
        server = TestServer(given or launched_dsn(launched))
        run_aside(server.prepare())
        yield server
        run_aside(server.drop_all())
    finally:
        if launched is not None:
            launched.remove()


def launched_dsn(launched: LaunchedPostgres | None) -> str:
    """The superuser's address of the server that was started here."""
    if launched is None:
        raise ValueError("no server was started")
    return launched.cluster.superuser_dsn()


@pytest.fixture
def house_database(postgres_server: TestServer) -> Iterator[HouseDatabases]:
    """A function `(house, package) -> HouseDatabase`: a fresh, migrated database that is gone after the test.

    `package` is the house's import name with its migrations, or None for the shared tables alone.
    """
    made: list[HouseDatabase] = []

    def make(house: str, package: str | None) -> HouseDatabase:
        urls = run_aside(postgres_server.make(house, package))
        made.append(urls)
        return urls

    yield make
    for urls in made:
        run_aside(postgres_server.drop(urls))


@pytest.fixture
async def open_database() -> AsyncIterator[OpenDatabase]:
    """Open databases of the library by their addresses; each is closed after the test."""
    opened: list[Database] = []

    async def make(urls: HouseDatabase) -> Database:
        database = await Database.open(urls)
        opened.append(database)
        return database

    yield make
    for database in opened:
        await database.close()
