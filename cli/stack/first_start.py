"""What an installation needs before its first process: folders, keys, tenant, owner and passwords. Safe to repeat.

Nothing here starts a process or reaches the database.
"""

import json
import os
import secrets
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from cli.exits import CommandError, damaged_key
from config import SERVICES, Settings
from soma_common.kernel.ids import Ids
from soma_common.postgres.accounts import make_folder, write_secret
from soma_common.postgres.embedded import EmbeddedPostgres
from soma_common.postgres.house import ROLES
from soma_common.security.keys import (
    KeyFileError,
    SigningKey,
    make_service_key,
    make_user_key,
    read_key,
    write_jwks,
    write_key,
)

_OWNER: Final = "owner"


def make_first_start(settings: Settings, ids: Ids) -> bool:
    """Make whatever is missing; says whether this was the very first start. Raises CommandError and PermissionError."""
    home = settings.home_folders
    if home.restore_mark.exists():
        raise CommandError(
            f"A restore into {home.path} was cut off, so its data are not whole. Move that folder away, then restore "
            "again."
        )
    make_folders(settings)
    for folder in (home.keys, home.passwords_file.parent):
        make_folder(folder, 0o700)
    first = not home.identity_file.exists()
    user_key = _keys(home.keys, f"urn:somastack:{settings.instance}")
    socket = EmbeddedPostgres(home.path).socket_directory
    _complete(
        home.identity_file,
        {
            "SOMA_TENANT_ID": str(ids.uuid7()),
            "SOMA_OWNER_SUB": _OWNER,
        },
        always={"SOMA_ISSUER": user_key.issuer, "SOMA_POSTGRES_SOCKET": str(socket)},
    )
    _complete(home.passwords_file, {f"SOMA_{role.upper()}_PASSWORD": secrets.token_urlsafe(24) for role in ROLES})
    return first


def make_folders(settings: Settings) -> None:
    """Make the data folder and what commands need in it. Raises PermissionError for one that others can change."""
    home = settings.home_folders
    # PostgreSQL runs as another account when we are root, and has to pass through the home.
    make_folder(home.path, 0o711 if os.geteuid() == 0 else 0o700)
    for folder in (home.logs, home.run):
        make_folder(folder, 0o700)
    _check_own(home.run)


def _keys(folder: Path, issuer: str) -> SigningKey:
    """The key of users' tokens, that of API keys' tokens, and one for every service; the public set lists them all."""
    before = {path.name for path in folder.iterdir()}
    user = _key(folder / "user.json", partial(make_user_key, issuer))
    tokens = _key(folder / "tokens.json", partial(make_user_key, f"{issuer}:api-keys"))
    services = [_key(folder / f"{name}.json", partial(make_service_key, name)) for name in SERVICES]
    if {path.name for path in folder.iterdir()} != before or "jwks.json" not in before:
        write_jwks(folder / "jwks.json", [user, tokens, *services])
    return user


def _key(path: Path, make: Callable[[], SigningKey]) -> SigningKey:
    if not path.exists():
        write_key(path, make())
    try:
        return read_key(path)
    except KeyFileError as problem:
        raise damaged_key(problem) from problem


def _complete(path: Path, missing: Mapping[str, str], always: Mapping[str, str] | None = None) -> None:
    """Adds what is missing to a file of values; what is there stays, but for what is `always` written."""
    try:
        present: dict[str, str] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        present = {}
    wanted = {**missing, **present, **(always or {})}
    if wanted != present:
        write_secret(path, json.dumps(wanted, indent=1, sort_keys=True) + "\n")


def _check_own(folder: Path) -> None:
    """The folder of sockets may lie in a place that everybody can write to: nobody else may have made it."""
    status = folder.lstat()
    if folder.is_symlink() or status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise PermissionError(f"{folder} belongs to somebody else or is open to others. Remove it and start again.")
