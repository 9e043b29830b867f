"""The replay engine: reads what was published once more and gives it to a target, each effect once.

What is read and who gets it are handed in; nothing here knows a transport or a house.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

from soma_common.events.models import Event
from soma_common.events.transports.history import Chunk, History
from soma_common.events.transports.port import TransportError
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError, invalid_field
from soma_common.kernel.reasons import Reason
from soma_common.logging import get_logger
from soma_common.postgres.pool import Connection, Database
from soma_common.replay.filters import EventFilters
from soma_common.replay.progress import Counts, ReplayProgress
from soma_common.replay.store import ReplayStore
from soma_common.replay.targets import ReplayTarget

_LOG: Final = get_logger("soma.replay")
CHUNK_EVENTS: Final = 100
# While it waits for the time of an event it says so now and then, so that whoever watches knows that it lives.
_TELL_SECONDS: Final = 1.0

OnProgress: TypeAlias = Callable[[ReplayProgress], Awaitable[None]]


async def keep_silent(progress: ReplayProgress) -> None:
    """What is done with progress that nobody watches: nothing."""


class ReplayEngine:
    """Replays the history to targets of one house."""

    def __init__(self, database: Database, history: History, clock: Clock) -> None:
        self._database = database
        self._history = history
        self._clock = clock
        self._replays = ReplayStore(database)

    async def replay(
        self,
        filters: EventFilters,
        target: ReplayTarget,
        name: str,
        *,
        speed: float = 0.0,
        dry_run: bool = True,
        on_progress: OnProgress = keep_silent,
    ) -> ReplayProgress:
        """Give the target what it has not had, in the order of time; returns what became of it.

        It ends with what was published until it began, unless the filters end earlier. `speed` 1 keeps the distances in
        time as they were, 10 makes them ten times shorter, 0 leaves no pauses. A dry run changes nothing and counts
        what is lacking. With effects, the place is kept under `name`: a replay that was cut off goes on there, one that
        has ended begins anew, and what was had stays had. An event whose effect fails stops its stream, not the others.

        Raises SomaError: INVALID_FIELD for a speed below 0 or a name that goes over other events, DATABASE_UNAVAILABLE,
        DEPENDENCY_DOWN when the transport does not serve.
        """
        if not 0 <= speed < float("inf"):
            raise invalid_field("speed", "it must be 0 or more")
        run = _Run(filters, target, name, dry_run, on_progress, Pace(self._clock, speed))
        await self._begin(run)
        try:
            async with aclosing(self._history.read(run.filters, run.position, CHUNK_EVENTS)) as chunks:
                async for chunk in chunks:
                    await self._go_over(run, chunk)
        except TransportError as problem:
            raise SomaError(Reason.DEPENDENCY_DOWN, {"dependency": "transport of events"}) from problem
        if not dry_run:
            await self._replays.move_on(filters.tenant_id, name, run.position, run.counts, ended=True)
        await run.tell(finished=True)
        return run.progress

    async def _begin(self, run: "_Run") -> None:
        now = self._clock.now()
        if run.dry_run:
            run.filters = replace(run.filters, until=run.filters.until or now)
        else:
            known = await self._replays.begin(run.name, run.target.name, run.filters, now)
            run.filters = known.filters
            run.resume(known.position, known.counts)
        await run.tell()

    async def _go_over(self, run: "_Run", chunk: Chunk) -> None:
        """One chunk: what is lacking of it has its effect, then the place is kept."""
        events = [event for event in chunk.events if run.target.takes(event)]
        run.counts.matched += len(events)
        lacking, waiting = await self._difference(run, events)
        for event in events:
            if event.event_id not in lacking:
                run.counts.had += 1
            elif event.sequence >= waiting.get(event.stream, event.sequence + 1):
                run.counts.left += 1
            else:
                await run.pace.until(event.timestamp, run.tell)
                await self._give(run, event, waiting)
            run.current_time = event.timestamp
        run.position = chunk.position
        if not run.dry_run:
            await self._replays.move_on(run.filters.tenant_id, run.name, run.position, run.counts, ended=False)
        await run.tell()

    async def _difference(self, run: "_Run", events: Sequence[Event]) -> tuple[set[UUID], dict[str, int]]:
        """Which of these the target lacks, and from where on streams of them wait in its letters or have failed."""
        if not events:
            return set(), {}
        tenant_id = run.filters.tenant_id
        async with self._database.transaction(tenant_id) as connection:
            lacking = await run.target.lacking(connection, events)
            waiting = await run.target.waiting(connection, tenant_id, {event.stream for event in events})
        return lacking, {**waiting, **run.failed}

    async def _give(self, run: "_Run", event: Event, waiting: dict[str, int]) -> None:
        if run.dry_run:
            run.counts.note_done(event.event_type)
            return

        async def work(connection: Connection) -> bool:
            return await run.target.apply(connection, event)

        try:
            is_new = await self._database.run(event.tenant_id, work)
        except Exception as problem:
            if isinstance(problem, SomaError) and problem.reason is Reason.DATABASE_UNAVAILABLE:
                raise
            run.counts.failed += 1
            run.failed[event.stream] = waiting[event.stream] = event.sequence
            _LOG.error("an event failed in a replay", replay=run.name, event_id=str(event.event_id), exc_info=problem)
        else:
            if is_new:
                run.counts.note_done(event.event_type)
            else:
                run.counts.had += 1


class Pace:
    """Keeps the distances in time between events, shortened by a factor; 0 keeps none."""

    def __init__(self, clock: Clock, speed: float) -> None:
        self._clock = clock
        self._speed = speed
        self._begun: tuple[datetime, float] | None = None

    async def until(self, moment: datetime, tell: Callable[[], Awaitable[None]]) -> None:
        """Wait until it is the turn of an event of this time; the first one comes at once."""
        if not self._speed:
            return
        if self._begun is None:
            self._begun = (moment, self._clock.monotonic())
        first, start = self._begun
        due = start + (moment - first).total_seconds() / self._speed
        while (rest := due - self._clock.monotonic()) > 0:
            await asyncio.sleep(min(rest, _TELL_SECONDS))
            await tell()


class _Run:
    """One replay while it runs."""

    def __init__(
        self,
        filters: EventFilters,
        target: ReplayTarget,
        name: str,
        dry_run: bool,
        on_progress: OnProgress,
        pace: Pace,
    ) -> None:
        self.filters = filters
        self.target = target
        self.name = name
        self.dry_run = dry_run
        self.position = ""
        self.counts = Counts()
        self.failed: dict[str, int] = {}
        self.current_time: datetime | None = None
        self.pace = pace
        self._on_progress = on_progress
        self._resumed = False
        self._finished = False

    def resume(self, position: str, counts: Counts) -> None:
        """Go on where an earlier run was cut off."""
        self.position, self.counts, self._resumed = position, counts, bool(position)

    @property
    def progress(self) -> ReplayProgress:
        """The replay now."""
        return ReplayProgress(
            self.name,
            self.target.name,
            self.filters.since,
            self.filters.end_time,
            self.dry_run,
            self._resumed,
            replace(self.counts, by_type=dict(self.counts.by_type)),
            self.current_time,
            self._finished,
        )

    async def tell(self, *, finished: bool = False) -> None:
        """Say how far it is."""
        self._finished = finished
        await self._on_progress(self.progress)
