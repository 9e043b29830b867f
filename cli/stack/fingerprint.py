"""A word for all that processes are started with: their settings and their code. Another one means: start them anew.

Nothing here knows which processes there are.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cli.stack.supervisord import settings_text
from config import Settings
from config.environment import checkout

_CODE: Final = ("config", "edge", "gen", "servers", "soma_common")
_KINDS: Final = (".py", ".sql", ".toml")


def fingerprint(settings: Settings) -> str:
    """The word for these settings and the code as it lies on the disk now."""
    state = [settings_text(settings), settings.child_settings(), list(_code(checkout()))]
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()


def _code(root: Path) -> Iterator[tuple[str, int, int]]:
    """Name, size and time of change of every file that a process may load."""
    for room in _CODE:
        for folder, _, names in sorted(os.walk(root / room)):
            for name in sorted(names):
                if name.endswith(_KINDS):
                    status = (Path(folder) / name).stat()
                    yield f"{folder}/{name}", status.st_size, status.st_mtime_ns
