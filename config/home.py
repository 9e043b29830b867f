"""Which installation this is and where it keeps its data: the rule of the data folder and the names inside it.

Nothing here makes a folder or a file.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.environment import checkout, short_folder, user_data_folder
from config.problems import Problem, SettingsError

# A Unix socket's path ends at 107 bytes; the supervisor adds its process id while it binds.
_LONGEST_SOCKET_FOLDER: Final = 70
_INSTANCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Home:
    """The data folder of an installation and what lies in it."""

    instance: str
    path: Path

    @property
    def keys(self) -> Path:
        """Private keys of the services and of the issuer of users' tokens, and the public JWKS."""
        return self.path / "keys"

    @property
    def identity_file(self) -> Path:
        """Tenant, owner and issuer, made at first start."""
        return self.path / "identity.json"

    @property
    def passwords_file(self) -> Path:
        """The passwords of the database roles, made at first start."""
        return self.path / "secrets" / "passwords.json"

    @property
    def beside_file(self) -> Path:
        """Which servers of others `somastack up` runs beside the services, as it was asked last."""
        return self.path / "beside.json"

    @property
    def secrets(self) -> Path:
        """The keys of others that were given to us, one file each."""
        return self.path / "secrets" / "soma"

    @property
    def settings_file(self) -> Path:
        """Settings by name that a person may write."""
        return self.path / "settings.toml"

    @property
    def kept(self) -> tuple[Path, ...]:
        """All that an installation is besides its database; what is not in here can be made anew or done without."""
        return self.identity_file, self.settings_file, self.keys, self.passwords_file.parent

    @property
    def restore_mark(self) -> Path:
        """Lies here while a restore is at work, and stays when one was cut off."""
        return self.path / "restore-unfinished"

    @property
    def history_file(self) -> Path:
        """What was typed in conversations at a terminal, for its arrow keys."""
        return self.path / "chat-history"

    @property
    def logs(self) -> Path:
        """One log file a process."""
        return self.path / "logs"

    @property
    def run(self) -> Path:
        """Sockets and the supervisor's own settings; a short path where the home's is too long for a socket."""
        own = self.path / "run"
        if len(str(own).encode()) <= _LONGEST_SOCKET_FOLDER:
            return own
        return short_folder(hashlib.sha256(str(self.path).encode()).hexdigest()[:10])


def is_instance(name: str) -> bool:
    """Whether a name can be that of an installation: it names a folder among those of all installations."""
    return _INSTANCE.fullmatch(name) is not None


def find_home(environment: Mapping[str, str]) -> Home:
    """The home by the rule: SOMA_HOME, else a folder of the account, named by SOMA_INSTANCE or the checkout's path.

    Raises SettingsError when there is no such folder.
    """
    instance = environment.get("SOMA_INSTANCE") or hashlib.sha256(str(checkout()).encode()).hexdigest()[:10]
    asked = environment.get("SOMA_HOME")
    try:
        path = Path(asked).expanduser() if asked else user_data_folder(environment) / "somastack" / instance
    except RuntimeError:
        wrong = f"is {asked!r}, but there is no such account" if asked else "is not set, and this account has no home"
        raise SettingsError([Problem("SOMA_HOME", wrong, "Set it like SOMA_HOME=/srv/somastack.")]) from None
    return Home(instance, path.absolute())
