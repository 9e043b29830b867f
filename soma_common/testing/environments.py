"""Environments of other people's Python programs: one folder for each, made once and kept in the cache.

Knows nothing of what is installed or what runs in it.
"""

import os
import subprocess
import sys
from pathlib import Path
from textwrap import shorten
from typing import Final

_INSTALL_SECONDS: Final = 600.0


class EnvironmentMissingError(Exception):
    """What cannot be installed here; the text says what and why."""


def environment(name: str, *requirements: str) -> Path:
    """The folder of an environment, installed from the package index when it is not there; `name` may have slashes.

    Raises EnvironmentMissingError.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "somastack" / name
    done = folder / "complete"
    if done.exists():
        return folder
    words = " ".join(requirements)
    sys.stderr.write(f"installing {words} into {folder}\n")
    python = str(folder / "bin" / "python")
    uv = Path(sys.executable).parent / "uv"
    tool = [str(uv), "pip", "install", "--python", python] if uv.exists() else [python, "-m", "pip", "install"]
    try:
        for command in ([sys.executable, "-m", "venv", str(folder)], [*tool, "-q", *requirements]):
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=_INSTALL_SECONDS)
    except subprocess.CalledProcessError as error:
        raise EnvironmentMissingError(f"{words} cannot be installed: {shorten(error.stderr, 300)}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentMissingError(f"{words} cannot be installed: {error}") from error
    done.touch()
    return folder
