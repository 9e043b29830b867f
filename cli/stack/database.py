"""The database of the stack: waiting for it, its roles and schemas, and the migrations of every house in their order.

Nothing here starts a process.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from cli.exits import CommandError
from cli.stack.log_lines import last_complaint
from cli.stack.supervisord import log_file
from config import Settings
from config.programs import DATABASE
from config.values import HOUSES
from soma_common.postgres.embedded import EmbeddedPostgres
from soma_common.postgres.house import PLACES
from soma_common.postgres.migrate import MigrationError, migrate
from soma_common.postgres.provision import provision
from soma_common.supervision.client import ProcessState, SupervisorClient
from soma_common.supervision.probe import postgres_probe

# Each schema and the package that has its migrations: those of the houses, then the bus that all of them publish to.
SCHEMAS: Final = {**{house: f"servers.{house}" for house in HOUSES}, "bus": "soma_common.events"}
_READY_SECONDS: Final = 60.0
_GIVEN_UP: Final = (ProcessState.BACKOFF, ProcessState.FATAL)


async def wait_for_database(settings: Settings, client: SupervisorClient) -> None:
    """Start the database if it was stopped and wait until it takes connections. Raises CommandError."""
    await client.start(DATABASE, wait=False)
    probe = postgres_probe(settings.postgres_socket)
    before = (await client.get(DATABASE)).restarts
    end = time.monotonic() + _READY_SECONDS
    while not (await probe()).ready:
        process = await client.get(DATABASE)
        if process.state in _GIVEN_UP and process.restarts > before:
            raise _unready(settings, "cannot start")
        if time.monotonic() > end:
            raise _unready(settings, f"is not ready after {_READY_SECONDS:.0f} s")
        await asyncio.sleep(0.1)


def _unready(settings: Settings, what: str) -> CommandError:
    log = log_file(settings, DATABASE)
    why = last_complaint(log)
    return CommandError(f"The database {what}{': ' + why if why else '.'} Its log is {log}.")


async def prepare_schemas(settings: Settings, tell: Callable[[str], None]) -> None:
    """Make roles and schemas, then migrate every house. Raises CommandError."""
    await provision(EmbeddedPostgres(settings.home).superuser_dsn(), settings.role_passwords())
    for house in HOUSES:
        urls = settings.database(house)
        if urls.owner_dsn is None:
            raise CommandError(
                f"The password of the role that migrates {house} is missing. Restore secrets/passwords.json."
            )
        await _migrate(house, urls.owner_dsn, tell)
    await _migrate("bus", settings.bus_owner_dsn(), tell)


async def _migrate(name: str, owner_dsn: str, tell: Callable[[str], None]) -> None:
    try:
        applied = await migrate(owner_dsn, PLACES[name].schema, SCHEMAS[name])
    except MigrationError as problem:
        raise CommandError(str(problem)) from problem
    if applied:
        tell(f"{name}: {len(applied)} migrations applied")
