"""Who is erased, what was found of it, and what an eraser is.

Nothing here knows a table or a house.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from soma_common.kernel.tenancy import TenantId

NAMESPACE: Final = "user:"


@dataclass(frozen=True, slots=True)
class Subject:
    """A person of a tenant, the erasure, and the name that stands in the person's place where a row stays.

    `pseudonym` is random and kept nowhere else: nobody can tell whose it was.
    """

    tenant_id: TenantId
    erasure_id: UUID
    sub: str
    pseudonym: str

    @property
    def names(self) -> dict[str, str]:
        """Each form of the name, and what takes its place."""
        return {self.sub: self.pseudonym, NAMESPACE + self.sub: NAMESPACE + self.pseudonym}


def pseudonym() -> str:
    """A name that nobody has and nobody can guess."""
    return f"erased-{secrets.token_hex(16)}"


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: `names` that must not be there, and `words` of others that name the person.

    `rest` says what stays and why: beside `names`, which are tried again, and where something cannot go now; `due_time`
    when it is gone, None where nobody knows.
    """

    names: int = 0
    words: int = 0
    rest: str = ""
    due_time: datetime | None = None


class Eraser(Protocol):
    """Erases a person from one store of a house. Both may be repeated."""

    @property
    def store(self) -> str:
        """The store's name in reports."""
        ...

    async def erase(self, subject: Subject) -> int:
        """Erase the person; answers how many rows that were, in all calls for this erasure.

        Raises SomaError that may pass where it must be tried again.
        """
        ...

    async def find(self, subject: Subject) -> Found:
        """Read the store whole and look for the person."""
        ...


@dataclass(frozen=True, slots=True)
class Table:
    """What the columns of a table hold that could hold a name or words; each is named as PostgreSQL names it.

    `names` hold names of persons or of their namespaces, by themselves or in JSON and messages; `words` what somebody
    said; `plain` can hold neither: states, model names, digests, ids as text.
    """

    name: str
    names: str = ""
    words: str = ""
    plain: str = ""

    @property
    def columns(self) -> frozenset[str]:
        """All of them."""
        return frozenset(f"{self.names} {self.words} {self.plain}".split())


@dataclass(frozen=True, slots=True)
class Store:
    """A store of a house as the report calls it: its tables, and the statement that erases a person from them.

    The statement answers how many rows it erased or renamed; without one there is nothing of a person in it.
    """

    name: str
    tables: Sequence[Table]
    statement: str = ""
