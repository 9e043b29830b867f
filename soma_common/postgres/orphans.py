"""Ends what a killed server left behind: backends of its data folder, its lock files, its shared memory.

Nothing here knows how a server is started; it reads /proc and the data folder only.
"""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_SHARED_MEMORY = _PROC / "sysvipc" / "shm"
_STEPS: tuple[tuple[signal.Signals, float], ...] = (
    (signal.SIGINT, 10.0),
    (signal.SIGQUIT, 3.0),
    (signal.SIGKILL, 10.0),
)
_ORPHAN_STEPS: tuple[tuple[signal.Signals, float], ...] = ((signal.SIGTERM, 0.5), (signal.SIGKILL, 10.0))


def end_orphans(data: Path, socket_folder: Path) -> int:
    """End every PostgreSQL process of this data folder and remove its stale locks.

    A whole server (left by a killed supervisor) gets the fast shutdown; backends whose server is gone are terminated.
    Returns how many processes were found. Raises TimeoutError when one of them cannot be ended.
    """
    found = len(_processes_of(data))
    server = _server_of(data)
    if server is not None:
        _end(lambda: [server] if server in _processes_of(data) else [], _STEPS)
    _end(lambda: _processes_of(data), _ORPHAN_STEPS)
    _wait_until(lambda: not _shared_memory_is_attached(data), 10.0, "its shared memory is still attached")
    for stale in (data / "postmaster.pid", *socket_folder.glob(".s.PGSQL.*")):
        with suppress(FileNotFoundError):
            stale.unlink()
    return found


def _processes_of(data: Path) -> list[int]:
    """The processes named postgres that stand in the data folder, as every process of a server does."""
    found = []
    real = data.resolve()
    for entry in _PROC.iterdir() if _PROC.is_dir() else ():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with suppress(OSError):
            if (entry / "cwd").readlink() == real and (entry / "exe").readlink().name.startswith("postgres"):
                found.append(int(entry.name))
    return found


def _lock_lines(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []


def _server_of(data: Path) -> int | None:
    """The process id of the server itself, if it still runs in this data folder."""
    lines = _lock_lines(data)
    if not lines or not lines[0].strip().isdigit():
        return None
    pid = int(lines[0])
    return pid if pid in _processes_of(data) else None


def _shared_memory_is_attached(data: Path) -> bool:
    lines = _lock_lines(data)
    words = lines[6].split() if len(lines) > 6 else []
    if len(words) != 2 or not _SHARED_MEMORY.exists():
        return False
    for line in _SHARED_MEMORY.read_text().splitlines()[1:]:
        columns = line.split()
        if columns[1] == words[1]:
            return columns[6] != "0"
    return False


def _end(remaining: Callable[[], list[int]], steps: tuple[tuple[signal.Signals, float], ...]) -> None:
    for number, patience_seconds in steps:
        pids = remaining()
        if not pids:
            return
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        with suppress(TimeoutError):
            _wait_until(lambda: not remaining(), patience_seconds, "")
    if remaining():
        raise TimeoutError(f"the PostgreSQL processes {remaining()} do not end")


def _wait_until(holds: Callable[[], bool], patience_seconds: float, problem: str) -> None:
    end = time.monotonic() + patience_seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(problem)
        time.sleep(0.02)
