"""What a backup says of itself: its form, where it was made, what it needs, and the checksum of each of its parts.

Nothing here reads or writes a file.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from cli.exits import CommandError

FORMAT: Final = 1
DATABASE_PART: Final = "database.tar"
_FILES: Final = "files/"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a backup. `size_bytes` is what it takes once it is unpacked."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Ground:
    """What a physical copy of a database can run on: the major version of PostgreSQL and the kind of machine."""

    postgres: str
    machine: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """`begin_time` is the moment before which everything that was acknowledged is in the backup, in ISO 8601."""

    version: str
    instance: str
    begin_time: str
    ground: Ground
    schemas: Mapping[str, int]
    parts: tuple[Part, ...]

    @property
    def size_bytes(self) -> int:
        """What the whole takes once it is unpacked."""
        return sum(part.size_bytes for part in self.parts)

    def to_json(self) -> dict[str, Any]:
        """The manifest as it stands in the backup."""
        return {"format": FORMAT, **asdict(self), "parts": [asdict(part) for part in self.parts]}


def read(text: bytes) -> Manifest:
    """A manifest out of a backup. Raises CommandError for a newer form, ValueError, KeyError or TypeError for none."""
    told = json.loads(text)
    if int(told["format"]) > FORMAT:
        raise CommandError(
            f"This backup was made by somastack {told.get('version', 'of a later version')} in a form that this one "
            "does not know. Restore it with that version."
        )
    return Manifest(
        version=str(told["version"]),
        instance=str(told["instance"]),
        begin_time=str(told["begin_time"]),
        ground=Ground(**told["ground"]),
        schemas={str(house): int(version) for house, version in told["schemas"].items()},
        parts=tuple(Part(**part) for part in told["parts"]),
    )


def file_part(path: str) -> str:
    """The name of the part that a file of the data folder is; `path` is relative to that folder."""
    return f"{_FILES}{path}"


def path_of(part: Part) -> str | None:
    """The file of the data folder that a part is; None for the database."""
    return part.name.removeprefix(_FILES) if part.name.startswith(_FILES) else None


def unfit(manifest: Manifest, here: Ground, schemas: Mapping[str, int]) -> str | None:
    """Why this program or this machine cannot use the backup; None when they can."""
    theirs = manifest.ground
    if theirs.postgres != here.postgres:
        return (
            f"The backup's database is of PostgreSQL {theirs.postgres} and this version comes with {here.postgres}. "
            f"Restore it with somastack {manifest.version}."
        )
    if theirs.machine != here.machine:
        return f"The backup was made on a machine of kind {theirs.machine}; this one is {here.machine}."
    newer = [house for house, version in manifest.schemas.items() if version > schemas.get(house, 0)]
    if newer:
        return (
            f"The backup was made by somastack {manifest.version}, which is newer than this one: its tables of "
            f"{', '.join(sorted(newer))} are ahead. Restore it with that version or a later one."
        )
    return None
