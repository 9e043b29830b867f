"""The steady work beside the turns: the heartbeat, stops asked for elsewhere, who else is silent, old journals.

Each job is a coroutine that does it once; `run` repeats them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final

from servers.chat.turns.instance import Instance
from servers.chat.turns.running import RunningTurns, Stop
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.logging import get_logger
from soma_common.postgres.pool import Database
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.chat", "sql/journal.sql")
_LOG: Final = get_logger("soma.chat.housekeeping")

STOP_POLL_SECONDS: Final = 0.2
BEAT_SECONDS: Final = 1.0
# An instance that was silent for so long is gone. We judge only after having beaten in time for as long ourselves: a
# database that is slow for everybody, or a pause of this process, takes nobody's turns.
SILENT_SECONDS: Final = 5.0
LATE_SECONDS: Final = 2.5
SLOW_SECONDS: Final = 1.0
FENCE_SECONDS: Final = 0.5
SWEEP_SECONDS: Final = 600.0
JOURNAL_KEPT: Final = timedelta(hours=24)


class Housekeeping:
    """Keeps the books of this instance."""

    def __init__(
        self,
        database: Database,
        instance: Instance,
        running: RunningTurns,
        sweeps: Sequence[Callable[[], Awaitable[None]]],
        clock: Clock,
    ) -> None:
        self._sweeps = sweeps
        self._database = database
        self._instance = instance
        self._running = running
        self._clock = clock
        self._alive_since = self._beaten_at = clock.monotonic()

    async def run(self) -> None:
        """Repeats every job until cancelled."""
        await asyncio.gather(
            _repeat(self.look_for_stops, STOP_POLL_SECONDS),
            _repeat(self.beat, BEAT_SECONDS),
            _repeat(self.fence, FENCE_SECONDS),
            _repeat(self.sweep, SWEEP_SECONDS),
        )

    async def look_for_stops(self) -> None:
        """Stops turns for which a stop was left at another process."""
        if not len(self._running):
            return
        name, epoch = self._instance.name, self._instance.epoch
        for row in await self._database.worker_statement(_SQL.list_own_running, name, epoch):
            turn = self._running.find(row["turn_id"])
            if turn is not None and row["cancel_requested"]:
                turn.ask_to_stop(Stop.CANCELLED)

    async def beat(self) -> None:
        """Says that we live; whoever lost its name gives its turns up and begins anew."""
        asked = self._clock.monotonic()
        # A beat that came late or was slow says that we, or the database, are in no state to judge others.
        if asked - self._beaten_at > LATE_SECONDS:
            self._alive_since = asked
        try:
            alive = await self._instance.beat()
        except SomaError:
            self._alive_since = self._clock.monotonic()
            raise
        self._beaten_at = self._clock.monotonic()
        if self._beaten_at - asked > SLOW_SECONDS:
            self._alive_since = self._beaten_at
        if not alive:
            _LOG.warning("this instance was taken for dead; it begins anew")
            for turn in self._running.all():
                turn.lose()
            await self._instance.register()
            self._alive_since = self._clock.monotonic()

    async def fence(self) -> None:
        """Takes the epoch from instances that are silent: what they did may be taken over from then on."""
        if self._clock.monotonic() - self._alive_since <= SILENT_SECONDS:
            return
        for row in await self._database.worker_statement(_SQL.fence_silent, self._instance.name, SILENT_SECONDS):
            _LOG.warning("an instance is silent; what it was doing is taken over", instance=row["name"])

    async def sweep(self) -> None:
        """Forgets the journals of turns that ended a day ago, and what others keep for a time only."""
        for sweep in self._sweeps:
            await sweep()
        await self._database.worker_statement(_SQL.sweep, JOURNAL_KEPT.total_seconds())
        await self._database.worker_statement(_SQL.sweep_calls, JOURNAL_KEPT.total_seconds())
        await self._database.worker_statement(_SQL.sweep_instances, JOURNAL_KEPT.total_seconds())


async def _repeat(job: Callable[[], Awaitable[None]], pause_seconds: float) -> None:
    while True:
        await asyncio.sleep(pause_seconds)
        try:
            await job()
        except SomaError as error:
            _LOG.info("a job waits for the database", job=job.__name__, reason=error.reason.value)
