"""Programs of real servers that `make servers` brought, and the sentence where one is missing.

Nothing here starts a server.
"""

import os
from pathlib import Path
from typing import NoReturn

import pytest


def program_of(name: str) -> Path | None:
    """The program of a server, or None when it was not brought."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    program = cache / "somastack" / "servers" / name / "program"
    return program if program.is_file() else None


def skip_without(name: str, setting: str) -> NoReturn:
    """Skip the test by name, with the command that brings the server."""
    pytest.skip(f"the server {name} is not here: bring it with `make servers ONLY={name}`, or set {setting}")
