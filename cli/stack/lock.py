"""One `up`, `down`, `backup` or `restore` at a time on one data folder.

Nothing here knows what they do.
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from cli.exits import CommandError
from cli.render import Progress

_PATIENCE_SECONDS: Final = 120.0
_PAUSE_SECONDS: Final = 0.2


@asynccontextmanager
async def held(path: Path, progress: Progress) -> AsyncIterator[None]:
    """Hold the lock while the block runs; waits for another command that holds it. Raises CommandError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        await _take(descriptor, progress)
        yield
    finally:
        os.close(descriptor)


async def _take(descriptor: int, progress: Progress) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + _PATIENCE_SECONDS
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not told:
                progress.step("Waiting for another `somastack` command that works on this data folder")
                told = True
        else:
            return
        if loop.time() > end:
            raise CommandError(
                "Another `somastack up`, `down`, `backup` or `restore` is still at work on this data folder."
            )
        await asyncio.sleep(_PAUSE_SECONDS)
