"""Servers of others that run beside ours: who asks for them, whether they can be had, and that it is remembered.

Nothing here starts a process.
"""

import json
from dataclasses import dataclass
from typing import Final

from cli.exits import CommandError
from config import Settings
from config.environment import servers_folder
from config.infrastructure import KAFKA
from config.programs import REDIS
from soma_common.companions.programs import lacking
from soma_common.postgres.accounts import write_secret

_SETTINGS: Final = {KAFKA: "SOMA_LOCAL_KAFKA", REDIS: "SOMA_LOCAL_REDIS"}


@dataclass(frozen=True, slots=True)
class Beside:
    """What was asked for on the command line; None leaves it as it was."""

    kafka: bool | None = None
    redis: bool | None = None

    @property
    def asked(self) -> dict[str, bool]:
        """What somebody said, by the name of the server."""
        said = {KAFKA: self.kafka, REDIS: self.redis}
        return {name: wanted for name, wanted in said.items() if wanted is not None}


def remember(settings: Settings, beside: Beside) -> None:
    """Note for this and every later start what was asked for. Raises CommandError for what cannot be had here."""
    for name, wanted in beside.asked.items():
        if wanted:
            require(name)
    path = settings.home_folders.beside_file
    try:
        known: dict[str, bool] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        known = {}
    wanted_now = {**known, **{_SETTINGS[name]: wanted for name, wanted in beside.asked.items()}}
    if wanted_now != known:
        write_secret(path, json.dumps(wanted_now, indent=1, sort_keys=True) + "\n")


def require(name: str) -> None:
    """Raises CommandError with what is missing for a server and how it is had."""
    if (sentence := lacking(servers_folder(), name)) is not None:
        raise CommandError(sentence)
