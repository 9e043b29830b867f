"""Where each house keeps its tables, and the addresses under which it reaches them.

Plain values: nothing here knows a driver or a secret's origin.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

RIGHTS: Final = ("owner", "app", "worker")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a house keeps its tables. `shared_tables` says whether it has those that every house has."""

    house: str
    database: str
    schema: str
    extensions: tuple[str, ...] = ()
    rights: tuple[str, ...] = RIGHTS
    shared_tables: bool = True

    @property
    def search_path(self) -> str:
        """The schemas a role of the house looks into; `public` only where an extension's types live."""
        return f"{self.schema}, public" if self.extensions else self.schema

    def role(self, right: str) -> str:
        """The name of the house's role with this right: owner, app or worker, and of the bus also relay."""
        return f"{self.house}_{right}"

    @property
    def roles(self) -> tuple[str, ...]:
        """The names of all its roles, the owner's first."""
        return tuple(self.role(right) for right in self.rights)


PLACES: Final[Mapping[str, Place]] = {
    place.house: place
    for place in (
        Place("chat", "somaagent", "chat"),
        Place("governor", "somaagent", "governor"),
        Place("control", "somaagent", "control"),
        Place("cognitive", "somabrain", "cognitive"),
        Place("memory", "somamemory", "memory", extensions=("vector",)),
        # No house, but a place of its own: what all houses have published. Its relays alone may write.
        Place("bus", "somaagent", "bus", rights=(*RIGHTS, "relay"), shared_tables=False),
    )
}
ROLES: Final = tuple(role for place in PLACES.values() for role in place.roles)


@dataclass(frozen=True, slots=True)
class HouseDatabase:
    """A house's addresses, one per right. `owner_dsn` is set only where migrations run."""

    house: str
    schema: str
    app_dsn: str = field(repr=False)
    worker_dsn: str = field(repr=False)
    owner_dsn: str | None = field(default=None, repr=False)
