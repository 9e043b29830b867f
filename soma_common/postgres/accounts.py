"""Under which account the embedded server runs, and the folders and files made for it.

Nothing here knows PostgreSQL, and nothing changes a folder that it did not make.
"""

import os
import pwd
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Self

UNPRIVILEGED_ACCOUNT = "nobody"


class PostgresSetupError(Exception):
    """The embedded server cannot be prepared; the text is a sentence for a person."""


@dataclass(frozen=True, slots=True)
class Account:
    """The account that owns the data: the present one, or an unprivileged one when we are root."""

    name: str
    uid: int
    gid: int
    present: bool

    @classmethod
    def for_server(cls) -> Self:
        """The account the server is to run under. PostgreSQL refuses root, so root hands over to `nobody`."""
        if os.geteuid() != 0:
            return cls("", os.geteuid(), os.getegid(), present=True)
        try:
            entry = pwd.getpwnam(UNPRIVILEGED_ACCOUNT)
        except KeyError:
            raise PostgresSetupError(
                f"PostgreSQL does not run as root and there is no account “{UNPRIVILEGED_ACCOUNT}” to run it under."
            ) from None
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid, present=False)

    def traverses(self, folder: Path) -> bool:
        """Whether this account can pass through every part of the path that exists already."""
        return all(self._passes(part) for part in (folder, *folder.parents) if part.exists())

    def _passes(self, folder: Path) -> bool:
        status = folder.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)

    def take(self, path: Path) -> None:
        """Give the account what we have just made."""
        if not self.present:
            os.chown(path, self.uid, self.gid)

    def become(self) -> None:
        """Drop root's rights for good; nothing happens as an ordinary user."""
        if not self.present:
            os.setgroups([])
            os.setgid(self.gid)
            os.setuid(self.uid)


def make_folder(folder: Path, mode: int) -> bool:
    """Make a folder and its missing parents with exactly this mode; an existing one is left as it is.

    Says if it was made.
    """
    if folder.is_dir():
        return False
    if folder.parent != folder:
        make_folder(folder.parent, mode)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return False
    folder.chmod(mode)
    return True


def write_secret(path: Path, text: str) -> None:
    """Write a file of mode 0600 whole or not at all."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            draft.unlink()
        raise


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file's lock, so that two processes never prepare one folder at once."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        flock(descriptor, LOCK_EX)
        yield
    finally:
        os.close(descriptor)
