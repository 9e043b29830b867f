"""What the machine gives us: Python, disk, folders, ports, the clock.

Nothing here needs a running stack or reaches a service.
"""

import os
import platform
import shutil
import stat
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import Final

from cli.doctor.finding import START, Finding, bad, good
from cli.stack.occupied import first_occupied
from config import Settings
from config.home import Home

_OLDEST_PYTHON: Final = (3, 11)
_FIRST_UNTRIED_PYTHON: Final = (3, 14)
_LEAST_FREE_BYTES: Final = 1 << 30
_TOLERATED_SECONDS: Final = 300.0
_SHIFT: Final = 1000
_GIB: Final = 1 << 30


def python(version: tuple[int, int] | None = None) -> Finding:
    """Whether this Python is one that we run on."""
    found = version or sys.version_info[:2]
    name = f"{platform.python_version()} in {sys.prefix}"
    if _OLDEST_PYTHON <= found < _FIRST_UNTRIED_PYTHON:
        return good("python", name)
    return bad("python", f"{name}; it has to be 3.11, 3.12 or 3.13", "PYTHON=python3.12 make bootstrap")


def disk(home: Path, free_bytes: int | None = None) -> Finding:
    """Whether the data have room to grow."""
    place = next(part for part in (home, *home.parents) if part.exists())
    free = shutil.disk_usage(place).free if free_bytes is None else free_bytes
    reason = f"{free / _GIB:.1f} GiB free where the data lie ({place})"
    if free >= _LEAST_FREE_BYTES:
        return good("disk", reason)
    return bad("disk", f"{reason}; there should be 1 GiB at least", f"du -xh {quote(str(place))} | sort -h | tail")


def folders(home: Home) -> Finding:
    """Whether the data folder can be written to by us, and what is secret in it is closed to others."""
    if not home.path.exists():
        parent = next(part for part in home.path.parents if part.exists())
        if os.access(parent, os.W_OK | os.X_OK):
            return good("folders", f"{home.path} is made at the first start")
        return bad("folders", f"{home.path} cannot be made in {parent}", f"sudo chown {os.geteuid()} {_word(parent)}")
    return next(_open_or_foreign(home), good("folders", f"{home.path} is ours and closed to others"))


def _open_or_foreign(home: Home) -> Iterator[Finding]:
    """What is wrong with the data folder and the secret folders in it, the worst first."""
    if not os.access(home.path, os.R_OK | os.W_OK | os.X_OK):
        yield bad("folders", f"{home.path} cannot be written to", f"sudo chown -R {os.geteuid()} {_word(home.path)}")
    for folder in (home.keys, home.passwords_file.parent, home.run):
        if not folder.exists():
            continue
        status = folder.stat()
        if status.st_uid != os.geteuid():
            yield bad("folders", f"{folder} is another account's", f"sudo chown -R {os.geteuid()} {_word(folder)}")
        elif status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield bad("folders", f"{folder} is open to other accounts", f"chmod 700 {_word(folder)}")
    yield from _open_files(home)


def _open_files(home: Home) -> Iterator[Finding]:
    """The files with secrets that we cannot read, or that others can."""
    public = home.keys / "jwks.json"
    for root in home.kept:
        for path in sorted(path for path in (root, *root.rglob("*")) if path.is_file() and path != public):
            status = path.stat()
            if status.st_uid != os.geteuid():
                yield bad("folders", f"{path} is another account's", f"sudo chown {os.geteuid()} {_word(path)}")
            elif status.st_mode & (stat.S_IRWXG | stat.S_IRWXO) or not status.st_mode & stat.S_IRUSR:
                how = "is open to other accounts" if status.st_mode & stat.S_IRUSR else "cannot be read by its owner"
                yield bad("folders", f"{path} {how}", f"chmod 600 {_word(path)}")


def ports(settings: Settings, *, running: bool) -> Finding:
    """Whether our ports are free, or held by the running stack itself."""
    if running:
        return good("ports", "held by the running stack")
    sentence = first_occupied(settings)
    if sentence is None:
        return good("ports", "all are free")
    reason, _, remedy = sentence.partition(". ")
    further = (settings.registry.port_shift or 0) + _SHIFT
    return bad("ports", reason, f"SOMA_PORT_SHIFT={further} {START}" if "SOMA_PORT_SHIFT" in remedy else remedy)


def clock(home: Home, now: datetime) -> Finding:
    """Whether the clock is later than everything that was written by it: this program and our logs."""
    written = [Path(__file__), *home.logs.glob("*.log")]
    newest = max(path.stat().st_mtime for path in written if path.exists())
    shown = now.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    if now.timestamp() + _TOLERATED_SECONDS >= newest:
        return good("clock", shown)
    behind = datetime.fromtimestamp(newest, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return bad("clock", f"{shown}, but files here were written at {behind}", "sudo timedatectl set-ntp true")


def _word(path: Path) -> str:
    return quote(str(path))
