"""Processes of this stack that nobody supervises any more, found by their mark in /proc, and their end.

Nothing here touches a process without the mark of this very data folder.
"""

import asyncio
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from cli.stack.supervisord import MARK
from config import Settings
from soma_common.postgres.embedded import EmbeddedPostgres
from soma_common.postgres.orphans import end_orphans

_PROC: Final = Path("/proc")
_DRAIN_SECONDS: Final = 8.0
_KILL_SECONDS: Final = 5.0
_OURS: Final = (b"servers", b"edge", b"supervisor.supervisord", b"soma_common")
# What a launcher of ours becomes.
_BECOME: Final = (b"java", b"redis-server")


def marked(settings: Settings) -> list[int]:
    """The processes that this data folder's stack started, the supervisor among them."""
    mark = f"{MARK}={settings.home}".encode()
    return [pid for pid in _pids() if _carries(pid, mark)]


def _pids() -> list[int]:
    if not _PROC.is_dir():
        return []
    return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit() and int(entry.name) != os.getpid()]


def _carries(pid: int, mark: bytes) -> bool:
    """Whether a process has the mark and runs something of ours; a shell that inherited the mark does not."""
    with suppress(OSError):
        words = (_PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
        module = words[words.index(b"-m") + 1] if b"-m" in words[:-1] else b""
        if module.split(b".")[0] in _OURS or module in _OURS or words[0].rpartition(b"/")[2] in _BECOME:
            return alive(pid) and mark in (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    return False


def alive(pid: int) -> bool:
    """Whether a process exists and is not only waiting to be buried."""
    with suppress(OSError):
        return (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()[0] not in "ZX"
    return False


async def end_unsupervised(settings: Settings) -> int:
    """End what a dead supervisor left behind, the services first and the database last. Says how many there were."""
    found = marked(settings)
    for number, patience_seconds in ((signal.SIGTERM, _DRAIN_SECONDS), (signal.SIGKILL, _KILL_SECONDS)):
        for pid in [pid for pid in found if alive(pid)]:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        if await gone(found, patience_seconds):
            break
    server = EmbeddedPostgres(settings.home)
    ended = end_orphans(server.data, server.socket_directory) if server.data.is_dir() else 0
    return len(found) + (1 if ended else 0)


async def gone(pids: list[int], timeout_seconds: float) -> bool:
    """Wait until none of the processes is alive; False when one still is."""
    end = time.monotonic() + timeout_seconds
    while any(alive(pid) for pid in pids):
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.05)
    return True
