"""Use cases on what was published: list it, follow it, and replay it to the consumers of this house.

How events are read stands in `soma_common/events/transports/`, how they are replayed in `soma_common/replay/`.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

from soma_common.events.models import Event
from soma_common.events.transports.history import Chunk, History, UnknownPositionError
from soma_common.events.transports.port import TransportError
from soma_common.kernel.errors import SomaError, invalid_field, not_found
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.replay.engine import OnProgress, ReplayEngine
from soma_common.replay.filters import EventFilters
from soma_common.replay.progress import ReplayProgress
from soma_common.replay.store import ReplayStore
from soma_common.replay.targets import ReplayTarget

T = TypeVar("T")


class Closing:
    """The end of this process, as whoever serves a long call hears of it."""

    def __init__(self) -> None:
        self._begun = asyncio.Event()

    def begin(self) -> None:
        """End every long call."""
        self._begun.set()

    async def before(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of the work. Raises SomaError(SHUTTING_DOWN) when the end comes first; the work is cancelled."""
        doing, ending = asyncio.ensure_future(work), asyncio.ensure_future(self._begun.wait())
        try:
            await asyncio.wait({doing, ending}, return_when=asyncio.FIRST_COMPLETED)
            if not doing.done():
                raise SomaError(Reason.SHUTTING_DOWN)
            return doing.result()
        finally:
            ending.cancel()
            doing.cancel()
            await asyncio.gather(doing, ending, return_exceptions=True)


class EventReading:
    """Looks back on what was published, and follows it."""

    def __init__(self, history: History, closing: Closing) -> None:
        self._history = history
        self._closing = closing

    async def page(self, filters: EventFilters, size: int, behind: str) -> Chunk:
        """The next events behind a position. Raises SomaError: INVALID_FIELD, DEPENDENCY_DOWN."""
        async with aclosing(_told(self._history.read(filters, behind, size), "page_token")) as chunks:
            return await anext(chunks)

    async def watch(self, filters: EventFilters, behind: str) -> AsyncGenerator[Chunk, None]:
        """Events as they come, the first chunk at once.

        Raises SomaError: INVALID_FIELD, DEPENDENCY_DOWN, SHUTTING_DOWN.
        """
        async with aclosing(_told(self._history.follow(filters, behind), "cursor")) as chunks:
            while True:
                yield await self._closing.before(anext(chunks))


async def _told(chunks: AsyncGenerator[Chunk, None], field: str) -> AsyncGenerator[Chunk, None]:
    """The chunks, with failures as the contract has them."""
    try:
        async with aclosing(chunks):
            async for chunk in chunks:
                yield chunk
    except UnknownPositionError:
        raise invalid_field(field, "it is none of this list; take it from the last answer, or leave it out") from None
    except TransportError as problem:
        raise SomaError(Reason.DEPENDENCY_DOWN, {"dependency": "transport of events"}) from problem


@dataclass(frozen=True, slots=True)
class ReplayOrder:
    """What is asked for: over which events, to whom, with effects or not, and how fast."""

    filters: EventFilters
    target: str
    effects: bool
    speed: float


class Replaying:
    """Replays to the consumers of this house."""

    def __init__(
        self,
        database: Database,
        engine: ReplayEngine,
        targets: Collection[ReplayTarget],
        ids: Ids,
        closing: Closing,
    ) -> None:
        self._engine = engine
        self._replays = ReplayStore(database)
        self._targets = {target.name: target for target in targets}
        self._ids = ids
        self._closing = closing

    async def resumed(self, tenant_id: TenantId, name: str, speed: float) -> ReplayOrder:
        """The order of a replay that was cut off. Raises SomaError(RESOURCE_NOT_FOUND)."""
        known = await self._replays.find(tenant_id, name)
        return ReplayOrder(known.filters, known.target, effects=True, speed=speed)

    async def run(self, order: ReplayOrder, name: str = "") -> AsyncGenerator[ReplayProgress, None]:
        """How far it is, from the beginning to the end; it lasts as long as somebody listens.

        Raises SomaError: RESOURCE_NOT_FOUND for an unknown target, INVALID_FIELD, DEPENDENCY_DOWN, SHUTTING_DOWN.
        """
        target = self._target(order)
        if order.effects:
            name = name or f"replay-{self._ids.uuid4().hex[:12]}"

        async def replay(tell: OnProgress) -> ReplayProgress:
            return await self._engine.replay(
                order.filters, target, name, speed=order.speed, dry_run=not order.effects, on_progress=tell
            )

        async with aclosing(_listened(replay, self._closing)) as told:
            async for progress in told:
                yield progress

    def _target(self, order: ReplayOrder) -> ReplayTarget:
        if order.target in self._targets:
            return self._targets[order.target]
        if order.target:
            raise not_found("replay target", order.target)
        if order.effects:
            known = ", ".join(sorted(self._targets))
            raise invalid_field("target", f"effects need somebody who has them; there is: {known}")
        return NOBODY


async def _listened(
    run: Callable[[OnProgress], Awaitable[ReplayProgress]], closing: Closing
) -> AsyncGenerator[ReplayProgress, None]:
    """What a run tells, as it tells it; a listener who is slow slows it down, one who leaves ends it."""
    told: asyncio.Queue[ReplayProgress] = asyncio.Queue(1)
    running = asyncio.ensure_future(run(told.put))
    getting = asyncio.ensure_future(told.get())
    try:
        while True:
            await closing.before(_first_of(getting, running))
            if not getting.done() and told.empty():
                break
            yield await getting
            getting = asyncio.ensure_future(told.get())
        await running
    finally:
        running.cancel()
        getting.cancel()
        await asyncio.gather(running, getting, return_exceptions=True)


async def _first_of(*doing: "asyncio.Future[Any]") -> None:
    await asyncio.wait(doing, return_when=asyncio.FIRST_COMPLETED)


async def _no_effect(_: Connection, event: Event) -> None:
    """What happens to an event that is given to nobody: nothing."""


async def _all_of(_: Connection, events: Sequence[Event]) -> set[UUID]:
    return {event.event_id for event in events}


# Whoever gets events that are only counted.
NOBODY: Final = ReplayTarget("", _no_effect, lacks=_all_of)
