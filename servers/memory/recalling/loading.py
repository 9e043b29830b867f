"""Loads the shelf of a namespace page by page, then what changed in it meanwhile.

Which shelves are kept is not known here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar
from uuid import UUID

from servers.memory.recalling.changes import PAGE, ChangeLog, Row, Told
from servers.memory.view.entry import Entry
from servers.memory.view.shelf import Shelf
from soma_common.kernel.tenancy import TenantId

T = TypeVar("T")


class Look(Protocol):
    """Has the thread of the shelves do something."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        """What the work gives."""
        ...


@dataclass(slots=True, eq=False)
class Place:
    """Where the shelf of a namespace stands; `seq` of the shelf is -1 until it has been loaded."""

    tenant_id: TenantId
    namespace: str
    shelf: Shelf = field(default_factory=Shelf)
    with_vectors: bool = True
    loading: asyncio.Task[None] | None = None
    nbytes: int = 0


@dataclass(frozen=True, slots=True)
class Begun:
    """A shelf of which the first page is there: what is behind it, and the number at which that was."""

    place: Place
    shelf: Shelf
    with_vectors: bool
    after: UUID
    seq: int


async def load(changes: ChangeLog, begun: Begun, look: Look) -> Shelf | None:
    """The whole shelf, up to date as of its end; None where so much changed meanwhile that it must be begun anew."""
    shelf, tenant_id, namespace = begun.shelf, begun.place.tenant_id, begun.place.namespace

    async def bring(rows: Sequence[Row]) -> None:
        memories = await changes.without_entry(tenant_id, rows)

        def work() -> Told:
            told = changes.told(rows, memories)
            shelf.apply(fitting(told.entries, begun.with_vectors), told.gone)
            return told

        told = await look(work)
        if told.made:
            await changes.keep(tenant_id, told.made, memories)

    after: UUID | None = begun.after
    while after is not None:
        rows = await changes.page(tenant_id, namespace, after)
        await bring(rows)
        after = rows[-1]["memory_id"] if len(rows) == PAGE else None
    shelf.seq, more = begun.seq, True
    while more:
        (change,) = await changes.since(tenant_id, {namespace: shelf.seq})
        if change.fresh:
            return None
        await bring(change.rows)
        shelf.seq, more = change.seq, change.more
    return shelf


def fitting(entries: list[Entry], with_vectors: bool) -> list[Entry]:
    """The entries as a shelf with or without vectors takes them."""
    return entries if with_vectors else [replace(entry, vector=None) for entry in entries]
