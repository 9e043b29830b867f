"""Environments of peers: one folder for each, installed from the package index when it is not there.

Knows nothing of what a peer does.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from bench.arms.arm import ArmMissingError

_INSTALL_SECONDS: Final = 600.0


def environment(name: str, *requirements: str) -> Path:
    """The folder of a peer's own environment. Raises ArmMissingError when the requirements cannot be had."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "somastack" / "bench" / name
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
        raise ArmMissingError(f"{words} cannot be installed: {error.stderr.strip()[-300:]}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ArmMissingError(f"{words} cannot be installed: {error}") from error
    done.touch()
    return folder
