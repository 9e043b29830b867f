"""The shelves of a process: loaded when asked for, brought up to date before each use, dropped when room is short.

One thread reads and changes all of them: no recall sees half a change, and the event loop never waits for arrays.
What a shelf answers is not known here.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar
from uuid import UUID

from servers.memory.domain.memory import Memory
from servers.memory.recalling.changes import Change, ChangeLog, Told
from servers.memory.recalling.loading import Begun, Place, fitting, load
from servers.memory.view.entry import Entry
from servers.memory.view.shelf import Shelf
from soma_common.kernel.errors import SomaError
from soma_common.kernel.tenancy import TenantId
from soma_common.logging import get_logger
from soma_common.postgres.failures import DRIVER_EXCEPTIONS

T = TypeVar("T")
_LOG: Final = get_logger("soma.memory")
# What a memory takes on a shelf, with its vector and the room into which arrays grow, in bytes.
ROW_BYTES: Final = 2_000
# The part of the room that one shelf may take before it does without vectors.
_SHARE: Final = 0.5
# What the objects around an empty shelf take.
_PLACE_BYTES: Final = 8 * 1024
# How often all shelves are brought up to date, so that none holds for long what was erased.
KEPT_UP_SECONDS: Final = 300.0
# A shelf without vectors: one number that stays zero.
_NO_DIMENSIONS: Final = 1


class Shelves:
    """The shelves, the ones used last at the end; `most_bytes` is what they may take together."""

    def __init__(self, changes: ChangeLog, most_bytes: int) -> None:
        self._changes = changes
        self._most_bytes = most_bytes
        self._places: OrderedDict[tuple[TenantId, str], Place] = OrderedDict()
        self._librarian = ThreadPoolExecutor(1, "shelves")
        self._tasks: set[asyncio.Task[None]] = set()
        self.nbytes = 0

    def __len__(self) -> int:
        return len(self._places)

    async def close(self) -> None:
        """End what is being loaded."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._librarian.shutdown(wait=False, cancel_futures=True)

    def places(self, tenant_id: TenantId, namespaces: Iterable[str]) -> list[Place]:
        """Where the shelves of these namespaces stand, loaded or not."""
        found = []
        for namespace in namespaces:
            key = (tenant_id, namespace)
            found.append(self._places.setdefault(key, Place(tenant_id, namespace)))
            self._places.move_to_end(key)
        return found

    async def do(self, work: Callable[[], T]) -> T:
        """Have the thread do something that looks at shelves."""
        return await asyncio.get_running_loop().run_in_executor(self._librarian, work)

    async def follow(self, places: Sequence[Place]) -> None:
        """Bring shelves of one tenant to what is committed now; those that are being loaded are left alone."""
        asked = [place for place in places if place.loading is None]
        while asked:
            known = {place.namespace: place.shelf.seq for place in asked}
            changes = await self._changes.since(asked[0].tenant_id, known)
            if any(change.seq != known[change.namespace] or change.fresh for change in changes):
                by_name = {place.namespace: place for place in asked}
                asked = await self._take([(by_name[change.namespace], change) for change in changes], known)
            else:
                return

    async def run(self) -> None:
        """Keep all shelves up until cancelled, also those that nobody asks for."""
        while True:
            await asyncio.sleep(KEPT_UP_SECONDS)
            try:
                await self.keep_up()
            except (SomaError, *DRIVER_EXCEPTIONS) as problem:
                _LOG.info("shelves wait for the database", problem=type(problem).__name__)

    async def keep_up(self) -> None:
        """Bring each shelf that was loaded to what is committed now."""
        by_tenant: dict[TenantId, list[Place]] = {}
        for place in self._places.values():
            if place.shelf.seq >= 0:
                by_tenant.setdefault(place.tenant_id, []).append(place)
        for places in by_tenant.values():
            await self.follow(places)

    async def wait(self, places: Sequence[Place], seconds: float) -> bool:
        """Wait for what is being loaded; whether all of it came in time, and should be followed again."""
        loading = [place.loading for place in places if place.loading is not None]
        _, late = await asyncio.wait(loading, timeout=max(0.0, seconds))
        return not late

    async def _take(self, told: Sequence[tuple[Place, Change]], known: Mapping[str, int]) -> list[Place]:
        """Bring changes in; answers the places for which there is more to ask."""
        tenant_id = told[0][0].tenant_id
        memories = await self._changes.without_entry(tenant_id, [row for _, change in told for row in change.rows])
        behind, begun, made = list[Place](), list[Begun](), list[Entry]()

        def work() -> None:
            for place, change in told:
                what = self._changes.told(change.rows, memories)
                made.extend(what.made)
                if change.fresh and place.shelf.seq == known[change.namespace]:
                    begun.extend(self._begin(place, change, what))
                elif change.fresh or place.shelf.seq < known[change.namespace]:
                    # Somebody else began anew meanwhile, and may have seen less.
                    behind.append(place)
                else:
                    if change.seq > place.shelf.seq:
                        place.shelf.apply(fitting(what.entries, place.with_vectors), what.gone)
                        place.shelf.seq = change.seq
                    behind.extend((place,) if change.more else ())

        await self.do(work)
        for each in begun:
            if each.place.loading is None:
                each.place.loading = self._start(self._load(each), "load a namespace")
        if made:
            self._start(self._keep(tenant_id, made, memories), "keep entries")
        self._make_room([place for place, _ in told])
        return behind

    def _begin(self, place: Place, change: Change, told: Told) -> list[Begun]:
        """A shelf anew; what is left to load, unless all of it came at once."""
        with_vectors = change.memories * ROW_BYTES <= self._most_bytes * _SHARE
        shelf = Shelf() if with_vectors else Shelf(_NO_DIMENSIONS)
        shelf.apply(fitting(told.entries, with_vectors))
        if change.more:
            return [Begun(place, shelf, with_vectors, change.rows[-1]["memory_id"], change.seq)]
        shelf.seq = change.seq
        place.shelf, place.with_vectors = shelf, with_vectors
        return []

    async def _load(self, begun: Begun) -> None:
        """Load the rest of a namespace; what cannot be loaded is begun anew by the next recall."""
        place = begun.place
        try:
            shelf = await load(self._changes, begun, self.do)
            if shelf is not None:
                place.shelf, place.with_vectors = shelf, begun.with_vectors
        except (SomaError, *DRIVER_EXCEPTIONS) as problem:
            _LOG.warning("a namespace was not loaded", problem=type(problem).__name__)
        finally:
            place.loading = None
            self._make_room([place])

    async def _keep(self, tenant_id: TenantId, made: Sequence[Entry], memories: Mapping[UUID, Memory]) -> None:
        try:
            await self._changes.keep(tenant_id, made, memories)
        except (SomaError, *DRIVER_EXCEPTIONS) as problem:
            _LOG.warning("entries were not kept, and will be made again", problem=type(problem).__name__)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _make_room(self, changed: Collection[Place]) -> None:
        """Weigh these, and drop the shelves that were not used for longest, but these and those that are loaded now."""
        for place in changed:
            if self._places.get((place.tenant_id, place.namespace)) is place:
                weight = place.shelf.nbytes + _PLACE_BYTES
                self.nbytes += weight - place.nbytes
                place.nbytes = weight
        if self.nbytes <= self._most_bytes:
            return
        for key, place in list(self._places.items()):
            if place not in changed and place.loading is None:
                self.nbytes -= place.nbytes
                del self._places[key]
                if self.nbytes <= self._most_bytes:
                    return
