"""Where the program of a server of others is, and the sentence for a person who lacks it.

Nothing here starts a program.
"""

import shutil
from pathlib import Path
from typing import Final

# What a server needs of the system, beside its own program, and how that is had.
_NEEDS: Final = {
    "kafka": ("java", "Kafka needs a Java runtime, 17 or newer (on Debian and Ubuntu: openjdk-17-jre-headless)"),
    "redis": ("redis-server", "Redis comes with the system (on Debian and Ubuntu: the package redis-server)"),
}


def prepared_program(servers: Path, name: str) -> Path | None:
    """The program of a server below the folder in which `make servers` keeps them; None when it was not brought."""
    program = servers / name / "program"
    return program if program.is_file() else None


def lacking(servers: Path, name: str) -> str | None:
    """What is missing for a server, as a sentence with the remedy; None when it can be started."""
    program, words = _NEEDS[name]
    if shutil.which(program) is None:
        return f"{words}, and there is no {program} on the path. Install it, then: make servers ONLY={name}"
    if prepared_program(servers, name) is None:
        return f"The program of {name} was not brought yet. Bring it with: make servers ONLY={name}"
    return None
