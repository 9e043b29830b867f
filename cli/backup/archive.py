"""The file of a backup: a ZIP archive whose last entry is the manifest. It takes its name only when it is whole.

Nothing here knows what the parts mean.
"""

import hashlib
import json
import os
import secrets
import struct
import zipfile
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, Final

from cli.backup.manifest import Manifest, Part, read
from cli.exits import CommandError

_MANIFEST: Final = "manifest.json"
_BLOCK: Final = 1 << 20
_LARGEST_MANIFEST: Final = 16 << 20
_SMALLEST_EFFORT: Final = 1
# RuntimeError: a damaged flag says that an entry is encrypted, or packed in an unknown way.
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, OSError)
_NO_MANIFEST: Final = (KeyError, ValueError, TypeError, AttributeError)


class Writer:
    """An archive that is being written; each part is counted and hashed on its way."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._parts: list[Part] = []

    async def add(self, name: str, blocks: AsyncIterator[bytes], tell: Callable[[int], None]) -> None:
        """Write a part of unknown size; `tell` hears how many bytes came."""
        digest, size = hashlib.sha256(), 0
        with self._archive.open(name, "w", force_zip64=True) as entry:
            async for block in blocks:
                entry.write(block)
                digest.update(block)
                size += len(block)
                tell(len(block))
        self._parts.append(Part(name, size, digest.hexdigest()))

    def add_small(self, name: str, content: bytes) -> None:
        """Write a part that is at hand."""
        self._archive.writestr(name, content)
        self._parts.append(Part(name, len(content), hashlib.sha256(content).hexdigest()))

    def close(self, manifest: Manifest) -> Manifest:
        """Write the manifest, with the parts as they were written; gives it."""
        whole = replace(manifest, parts=tuple(self._parts))
        self._archive.writestr(_MANIFEST, json.dumps(whole.to_json(), indent=1))
        return whole


@contextmanager
def written(target: Path, *, overwrite: bool) -> Iterator[Writer]:
    """Write an archive of mode 0600; nothing of it is left when the block fails. Raises CommandError and OSError."""
    if not target.parent.is_dir():
        raise CommandError(f"There is no folder {target.parent}. Make it first: mkdir -p {target.parent}")
    _refuse_present(target, overwrite=overwrite)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_SMALLEST_EFFORT) as archive:
                yield Writer(archive)
            file.flush()
            os.fsync(file.fileno())
        _refuse_present(target, overwrite=overwrite)
        draft.replace(target)
        _keep_name(target.parent)
    except BaseException:
        with suppress(FileNotFoundError):
            draft.unlink()
        raise


def _refuse_present(target: Path, *, overwrite: bool) -> None:
    if target.exists() and not overwrite:
        raise CommandError(f"{target} exists already. Give another name, or --force to replace it.")


def _keep_name(folder: Path) -> None:
    """The new name survives a loss of power, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Reader:
    """An archive that is there. Every method raises CommandError for one that is damaged."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._path = path
        self._archive = archive
        self.manifest = self._read_manifest()

    def _read_manifest(self) -> Manifest:
        try:
            if self._archive.getinfo(_MANIFEST).file_size > _LARGEST_MANIFEST:
                raise ValueError("too large")
            return read(self._archive.read(_MANIFEST))
        except (*_BROKEN, *_NO_MANIFEST):
            raise _no_backup(self._path) from None

    def verify(self, tell: Callable[[int], None]) -> None:
        """Read every part and compare it with the manifest; `tell` hears how many bytes were read."""
        expected = {part.name for part in self.manifest.parts}
        if sorted(self._archive.namelist()) != sorted({*expected, _MANIFEST}):
            raise self._damaged("its parts are not those of its manifest")
        for part in self.manifest.parts:
            digest, size = hashlib.sha256(), 0
            with self.part(part) as content:
                while block := content.read(_BLOCK):
                    digest.update(block)
                    size += len(block)
                    tell(len(block))
            if (size, digest.hexdigest()) != (part.size_bytes, part.sha256):
                raise self._damaged(f"{part.name} is not what the manifest says")

    @contextmanager
    def part(self, part: Part) -> Iterator[IO[bytes]]:
        """The content of a part, read from its begin."""
        try:
            entry = self._archive.open(part.name)
        except (*_BROKEN, KeyError):
            raise self._damaged(f"{part.name} cannot be read") from None
        with entry:
            try:
                yield entry
            except (zipfile.BadZipFile, zlib.error, struct.error, EOFError):
                raise self._damaged(f"{part.name} cannot be read") from None

    def _damaged(self, how: str) -> CommandError:
        return CommandError(f"{self._path} is damaged: {how}. Nothing was changed. Use another copy of it.")


@contextmanager
def opened(path: Path) -> Iterator[Reader]:
    """Open an archive. Raises CommandError for what is none."""
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise CommandError(f"There is no file {path}.") from None
    except (zipfile.BadZipFile, struct.error, RuntimeError, ValueError, IsADirectoryError):
        raise _no_backup(path) from None
    with archive:
        yield Reader(path, archive)


def _no_backup(path: Path) -> CommandError:
    return CommandError(f"{path} is no backup of somastack, or only a piece of one. Nothing was changed.")
