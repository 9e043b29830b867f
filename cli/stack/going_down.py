"""Bringing the stack down in order: no new work first, then the services, then what they stand on; nothing stays.

Nothing here prints.
"""

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from cli.render import Progress
from cli.stack.lock import held
from cli.stack.processes import end_unsupervised, gone, marked
from config import Settings
from config.programs import GROUND
from soma_common.supervision.client import SupervisorClient
from soma_common.supervision.xmlrpc import SupervisorDownError, SupervisorFaultError

# The doors close first, so that what runs behind them can finish.
_FIRST: Final = ("edge",)
_SECOND: Final = ("chat",)
_SHUTDOWN_SECONDS: Final = 40.0


async def go_down(settings: Settings, progress: Progress) -> bool:
    """Stop everything of this data folder; says whether anything ran."""
    run = settings.home_folders.run
    if not run.is_dir():
        return False
    async with held(run / "lock", progress):
        progress.step("Stopping the services, then what they stand on")
        return await stop_everything(settings)


async def stop_everything(settings: Settings) -> bool:
    """Stop by order if a supervisor is there, then end whatever is left; says whether anything ran."""
    client = SupervisorClient(settings.supervisor_socket)
    supervised = await client.answers()
    if supervised:
        pids = [await client.pid(), *(process.pid for process in await client.list() if process.pid)]
        with suppress(SupervisorDownError, SupervisorFaultError):
            await _stop_in_order(client)
            await client.shut_down()
        await gone(pids, _SHUTDOWN_SECONDS)
        for pid in marked(settings):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    left = await end_unsupervised(settings)
    settings.supervisor_socket.unlink(missing_ok=True)
    return supervised or left > 0


async def _stop_in_order(client: SupervisorClient) -> None:
    names = [process.name for process in await client.list() if process.pid]
    rest = [name for name in names if _service(name) not in (*_FIRST, *_SECOND, *GROUND)]
    for group in ([n for n in names if _service(n) in _FIRST], [n for n in names if _service(n) in _SECOND], rest):
        await _stop(client, group)
    await _stop(client, [name for name in names if name in GROUND])


async def _stop(client: SupervisorClient, names: Sequence[str]) -> None:
    await asyncio.gather(*(client.stop(name) for name in names))


def _service(process: str) -> str:
    """The service of a worker's name: chat-2 belongs to chat."""
    return process.rpartition("-")[0] or process
