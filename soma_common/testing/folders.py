"""Where tests put what is gone after them: in memory where there is room, so that no disk is waited for."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

_MEMORY: Final = Path("/dev/shm")
_DISK: Final = Path("/tmp")
# Several servers with their logs lie there at once; a container's usual 64 MiB are none of that.
_ROOM_BYTES: Final = 4 << 30


def quick_folder(prefix: str, memory: Path = _MEMORY) -> Path:
    """A new folder, short enough for a socket's path, that other accounts can pass through."""
    return _new_folder(prefix, memory if _serves(memory) else _DISK)


def disk_folder(prefix: str) -> Path:
    """The same on a disk, for what is measured or about disks."""
    return _new_folder(prefix, _DISK)


def _new_folder(prefix: str, place: Path) -> Path:
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
    folder.chmod(0o711)
    return folder


def _serves(place: Path) -> bool:
    """Whether we may write there, run programs from there, and have room."""
    if not os.access(place, os.W_OK | os.X_OK):
        return False
    return not os.statvfs(place).f_flag & os.ST_NOEXEC and shutil.disk_usage(place).free >= _ROOM_BYTES
