"""Secrets as files, one each, readable by this account alone; before them those that the settings gave.

For one machine: several hosts would need one store.
"""

import asyncio
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from soma_common.security.secrets.port import checked, secrets_unavailable

_STORE: Final = "files"
_FOLDER_MODE: Final = 0o700


class FileSecrets:
    """Secrets under a folder of mode 0700; `given` ones stand before files of the same name and are never written."""

    def __init__(self, folder: Path, given: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._given = dict(given or {})

    async def read(self, name: str) -> str | None:
        """As the port."""
        known = self._given.get(checked(name))
        return known if known is not None else await asyncio.to_thread(self._read, name)

    async def write(self, name: str, value: str) -> None:
        """As the port."""
        await asyncio.to_thread(self._write, checked(name), value)

    async def delete(self, name: str) -> None:
        """As the port."""
        await asyncio.to_thread(self._delete, checked(name))

    async def close(self) -> None:
        """Nothing to give back."""

    def _path(self, name: str) -> Path:
        """The file of a name; the ending keeps files and folders apart."""
        return self._folder / f"{name}.key"

    def _read(self, name: str) -> str | None:
        try:
            return self._path(name).read_text("utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, UnicodeDecodeError) as problem:
            raise secrets_unavailable(_STORE, "a key cannot be read from the data folder") from problem

    def _write(self, name: str, value: str) -> None:
        path = self._path(name)
        try:
            self._make_folders(path.parent)
            # mkstemp makes the file 0600, so nobody ever sees the secret on its way.
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    file.write(value)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(temporary, path)
            except BaseException:
                with suppress(OSError):
                    os.unlink(temporary)
                raise
            _sync(path.parent)
        except OSError as problem:
            raise secrets_unavailable(_STORE, "a key cannot be written to the data folder") from problem

    def _make_folders(self, folder: Path) -> None:
        for parent in (self._folder, *reversed([it for it in folder.parents if self._folder in it.parents]), folder):
            parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)

    def _delete(self, name: str) -> None:
        path = self._path(name)
        try:
            path.unlink(missing_ok=True)
            # Folders that became empty go too, up to the store itself.
            for parent in path.parents:
                if parent == self._folder or any(parent.iterdir()):
                    break
                parent.rmdir()
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as problem:
            raise secrets_unavailable(_STORE, "a key cannot be removed from the data folder") from problem


def _sync(folder: Path) -> None:
    """Make a rename durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
