"""Bringing the stack up, step by step, so that it can be repeated at any moment.

Nothing here prints; progress is told to whoever asked.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

from cli.exits import CommandError
from cli.render import Progress
from cli.stack.beside import Beside, remember, require
from cli.stack.database import prepare_schemas, wait_for_database
from cli.stack.fingerprint import fingerprint
from cli.stack.first_start import make_first_start
from cli.stack.going_down import stop_everything
from cli.stack.lock import held
from cli.stack.log_lines import last_complaint
from cli.stack.occupied import first_occupied
from cli.stack.processes import end_unsupervised
from cli.stack.supervisord import log_file, start_supervisor, started_with
from config import DeployMode, Settings, load_settings
from config.programs import GROUND, beside_us, doors, programs
from soma_common.kernel.ids import Ids
from soma_common.supervision.client import SupervisorClient
from soma_common.supervision.probe import wholeness
from soma_common.supervision.status import Door, ServiceState, ServiceStatus, observe

# What has failed is told at once; what only starts on a busy machine is waited for.
_READY_SECONDS: Final = 180.0
_WHOLE_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Up:
    """A stack that serves. `changed` says whether anything had to be done."""

    settings: Settings
    changed: bool


async def come_up(settings: Settings, progress: Progress, beside: Beside) -> Up:
    """Bring everything up and wait until it serves. Raises CommandError with the first thing that prevents it."""
    if settings.mode is not DeployMode.STANDALONE:
        raise CommandError(
            f"In the shape {settings.mode} processes are started by the orchestrator; `up` is for standalone only."
        )
    if settings.aaas and find_spec("servers.__main__") is None:
        raise CommandError("This version runs each service in a process of its own. Unset SOMA_AAAS_MODE.")
    make_first_start(settings, Ids())
    remember(settings, beside)
    settings = load_settings()
    for name in beside_us(settings):
        require(name)
    async with held(settings.home_folders.run / "lock", progress):
        client = SupervisorClient(settings.supervisor_socket)
        word = fingerprint(settings)
        running = await client.answers()
        if running and started_with(settings) == word and await _all_serve(client, doors(settings)):
            return Up(settings, changed=False)
        if running and started_with(settings) != word:
            progress.step("Settings or code have changed: stopping what runs")
            await stop_everything(settings)
            running = False
        if not running:
            client = await _fresh_supervisor(settings, progress, word)
        await _start_all(settings, client, progress)
        return Up(settings, changed=True)


async def _all_serve(client: SupervisorClient, every: Sequence[Door]) -> bool:
    return all(status.state is ServiceState.RUNNING for status in await observe(client, every))


async def _fresh_supervisor(settings: Settings, progress: Progress, word: str) -> SupervisorClient:
    if left := await end_unsupervised(settings):
        progress.note(f"{left} processes of an earlier start had lost their supervisor and were ended.")
    if (sentence := first_occupied(settings)) is not None:
        raise CommandError(sentence)
    progress.step("Starting the supervisor")
    return await start_supervisor(settings, word)


async def _start_all(settings: Settings, client: SupervisorClient, progress: Progress) -> None:
    others = [door for door in doors(settings) if door.name in beside_us(settings)]
    for door in others:
        await client.start(door.name, wait=False)
    progress.step("Starting the database")
    await wait_for_database(settings, client)
    progress.step("Bringing the schemas up to date")
    await prepare_schemas(settings, progress.note)
    services = [door for door in doors(settings) if door.name not in GROUND]
    before = {process.name: process.restarts for process in await client.list()}
    if others:
        progress.step(f"Waiting for {' and '.join(door.name for door in others)}")
        await _wait_for(settings, client, others, before)
    progress.step(f"Starting {', '.join(door.name for door in services)}")
    await asyncio.gather(*(client.start(door.name, wait=False) for door in services))
    await _wait_for(settings, client, services, before)
    progress.step("Waiting until the services see one another")
    if (reason := await _not_whole(settings)) is not None:
        progress.note(f"{reason}; it serves, and goes on trying.")


async def _wait_for(
    settings: Settings, client: SupervisorClient, services: Sequence[Door], before: dict[str, int]
) -> None:
    """Wait until all serve; fails as soon as one has ended twice, or when one is not ready in time."""
    end = time.monotonic() + _READY_SECONDS
    while True:
        found = await observe(client, services)
        waiting = [status for status in found if status.state is not ServiceState.RUNNING]
        if not waiting:
            return
        failed = [status for status in waiting if _has_failed(status, before.get(status.name, 0))]
        if failed or time.monotonic() > end:
            raise CommandError("\n".join(_complaint(settings, status) for status in failed or waiting))
        await asyncio.sleep(_PAUSE_SECONDS)


async def _not_whole(settings: Settings) -> str | None:
    """Wait a moment until every service sees all others; what one still lacks after that, as a sentence."""
    end = time.monotonic() + _WHOLE_SECONDS
    addresses = {program.name: program.probe_address for program in programs(settings) if program.probe_address}
    while True:
        found = await asyncio.gather(*(wholeness(address) for address in addresses.values()))
        lacking = [f"{name} {it.reason}" for name, it in zip(addresses, found, strict=True) if not it.ready]
        if not lacking:
            return None
        if time.monotonic() > end:
            return "; ".join(lacking)
        await asyncio.sleep(_PAUSE_SECONDS)


def _has_failed(status: ServiceStatus, restarts_before: int) -> bool:
    return status.state is ServiceState.FAILED and status.restarts > restarts_before


def _complaint(settings: Settings, status: ServiceStatus) -> str:
    log = log_file(settings, status.name)
    if status.state is not ServiceState.FAILED:
        return f"{status.name} is not ready: it {status.reason}. Its log is {log}."
    why = last_complaint(log)
    said = f" It says: {why}" if why else ""
    return f"{status.name} {status.reason}.{said} Its log is {log}."
