"""Where each house keeps its tables, and the addresses under which it reaches them.

Plain values: nothing here knows a driver or a secret's origin.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

RIGHTS: Final = ("owner", "app", "worker")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a house keeps its tables."""

    house: str
    database: str
    schema: str
    extensions: tuple[str, ...] = ()

    @property
    def search_path(self) -> str:
        """The schemas a role of the house looks into; `public` only where an extension's types live."""
        return f"{self.schema}, public" if self.extensions else self.schema

    def role(self, right: str) -> str:
        """The name of the house's role with this right: owner, app or worker."""
        return f"{self.house}_{right}"


PLACES: Final[Mapping[str, Place]] = {
    place.house: place
    for place in (
        Place("chat", "somaagent", "chat"),
        Place("governor", "somaagent", "governor"),
        Place("control", "somaagent", "control"),
        Place("cognitive", "somabrain", "cognitive"),
        Place("memory", "somamemory", "memory", extensions=("vector",)),
    )
}
ROLES: Final = tuple(place.role(right) for place in PLACES.values() for right in RIGHTS)


@dataclass(frozen=True, slots=True)
class HouseDatabase:
    """A house's addresses, one per right. `owner_dsn` is set only where migrations run."""

    house: str
    schema: str
    app_dsn: str = field(repr=False)
    worker_dsn: str = field(repr=False)
    owner_dsn: str | None = field(default=None, repr=False)
