"""The port of the index of vectors: what an adapter must do. What a vector means is not known here.

The truth is in PostgreSQL; an index is a copy for searching that may lag, be emptied or be away.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias
from uuid import UUID

import numpy as np
import numpy.typing as npt

from soma_common.kernel.tenancy import TenantId

Vector: TypeAlias = npt.NDArray[np.float32]
# Most rows of one put or page: a graph may take tens of milliseconds for each on a busy machine.
MOST_ROWS: Final = 250


class VectorsDownError(Exception):
    """The index of vectors is broken or out of reach, while the database may be there. The one error of an index."""


@dataclass(frozen=True, slots=True)
class Space:
    """What makes vectors comparable: the version of their embedder ("name/version") and how many numbers they have.

    An index holds each space apart: a collection or a part of a table of its own.
    """

    version: str
    dimensions: int


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """The unit vector of a memory with the place where it is searched."""

    memory_id: UUID
    namespace: str
    vector: Vector


@dataclass(frozen=True, slots=True)
class Near:
    """A memory that a search found, with the cosine to the query, −1 to 1."""

    memory_id: UUID
    cosine: float


class VectorIndex(Protocol):
    """The vectors of one space. Calls raise VectorsDownError, within the adapter's own time limit, and nothing else.

    What a call has put or removed is seen by every search and page that begins after it.
    """

    @property
    def space(self) -> Space:
        """Whose vectors these are."""
        ...

    @property
    def identity(self) -> str:
        """Which index this is: one that was made anew, since somebody emptied it, has another."""
        ...

    async def put(self, tenant_id: TenantId, rows: Sequence[Placed]) -> None:
        """Hold these, at most MOST_ROWS, in the place of what was held for the same memories."""
        ...

    async def remove(self, tenant_id: TenantId, memory_ids: Collection[UUID]) -> None:
        """Hold these no longer; those that are not held are none of an error."""
        ...

    async def search(
        self, tenant_id: TenantId, namespaces: Collection[str], vector: Vector, limit: int
    ) -> Sequence[Near]:
        """The nearest of the tenant in these namespaces, nearest first; `limit` of them where there are so many."""
        ...

    async def page(self, tenant_id: TenantId, after: UUID | None, limit: int) -> Sequence[Placed]:
        """What is held of the tenant in the order of the ids, from behind `after` on; empty at the end."""
        ...

    async def held(self, tenant_id: TenantId, memory_ids: Collection[UUID]) -> set[UUID]:
        """Which of these are held: what an erasure asks."""
        ...

    async def drop(self, tenant_id: TenantId) -> None:
        """Hold nothing of the tenant any more."""
        ...

    async def ping(self) -> None:
        """Prove that it can search."""
        ...


class VectorSearch(Protocol):
    """What recalls ask: by a built-in vector, and by the text where a chosen model answers."""

    @property
    def chosen(self) -> bool:
        """Whether a chosen model answers."""
        ...

    async def search(
        self, tenant_id: TenantId, namespaces: Collection[str], vector: Vector, limit: int
    ) -> Sequence[Near]:
        """The nearest to a vector of the built-in embedder, nearest first. Raises VectorsDownError."""
        ...

    async def search_text(
        self, tenant_id: TenantId, namespaces: Collection[str], text: str, limit: int
    ) -> Sequence[Near]:
        """The nearest by the chosen model, nearest first. Raises VectorsDownError, EmbedderDownError."""
        ...


class VectorIndexes(Protocol):
    """The indexes of an installation, one for each space."""

    async def open(self, space: Space) -> VectorIndex:
        """The index of a space, made where there is none. Raises VectorsDownError."""
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...
