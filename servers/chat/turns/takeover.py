"""Taking over turns whose process is gone or let go of them: claimed and gone on with, or ended where that is no use.

What an abandoned turn is stands in the statement; that its process is gone is found out in `housekeeping.py`.
"""

from datetime import timedelta
from typing import Any, Final

from servers.chat.means import Means
from servers.chat.turns.claiming import StoredTurns
from servers.chat.turns.engine import Turns
from servers.chat.turns.patience import PASSES
from servers.chat.turns.recovery import Recovery
from servers.chat.turns.wakes import Wakes
from soma_common.kernel.errors import SomaError
from soma_common.kernel.tenancy import TenantId
from soma_common.logging import get_logger
from soma_common.postgres.queries import Queries

_SQL: Final = Queries.of("servers.chat", "sql/journal.sql")
_LOG: Final = get_logger("soma.chat.takeover")

LOOK_SECONDS: Final = 1.0
# A turn that lost its process for the fourth time is more likely the cause than the victim.
MOST_TAKEOVERS: Final = 3
# How many turns one look takes; the rest is left to others, and to the next look.
BATCH: Final = 64
# A turn of our own that no task works on, for longer than anything takes between its row and its task.
LOST_SECONDS: Final = 10.0


class Takeovers:
    """Looks for turns that no process runs."""

    def __init__(
        self, means: Means, stored: StoredTurns, turns: Turns, recovery: Recovery, wakes: Wakes, turn_seconds: float
    ) -> None:
        self._database = means.database
        self._instance = means.instance
        self._clock = means.clock
        self._stored = stored
        self._turns = turns
        self._recovery = recovery
        self._wakes = wakes
        self._longest = timedelta(seconds=turn_seconds)
        self._missing: dict[Any, float] = {}

    async def run(self) -> None:
        """Looks until cancelled: when a process says that it let go of turns, and every second."""
        with self._wakes.released() as released:
            while True:
                try:
                    await self.look()
                except SomaError as error:
                    _LOG.info("abandoned turns wait for the database", reason=error.reason.value)
                await released.wait(LOOK_SECONDS)

    async def look(self) -> int:
        """Takes over what it finds; returns how many turns. Raises DATABASE_UNAVAILABLE."""
        if self._turns.draining:
            return 0
        rows = [*await self._database.worker_statement(_SQL.list_abandoned, BATCH), *await self._lost()]
        for row in rows:
            await self._take(row)
        return len(rows)

    async def _take(self, row: Any) -> None:
        tenant, turn_id, epoch = TenantId(row["tenant_id"]), row["turn_id"], row["lease_epoch"]
        began = row["running_since"] or row["create_time"]
        try:
            if row["takeovers"] >= MOST_TAKEOVERS or self._clock.now() - began > self._longest:
                await self._recovery.end(tenant, turn_id, epoch)
                return
            stored = await self._stored.claim(tenant, turn_id, "running", epoch)
        except Exception as problem:
            if isinstance(problem, SomaError) and problem.reason in PASSES:
                raise
            _LOG.error("a turn cannot be taken over", turn_id=str(turn_id), exc_info=problem)
            await self._recovery.end(tenant, turn_id, epoch)
            return
        if stored is not None:
            _LOG.warning("a turn is taken over", turn_id=str(turn_id), from_instance=stored.from_instance)
            self._turns.go_on(stored)

    async def _lost(self) -> list[Any]:
        """Turns of our own that no task works on: their claim was made, and its answer never came."""
        own = await self._database.worker_statement(_SQL.list_own_running, self._instance.name, self._instance.epoch)
        now = self._clock.monotonic()
        missing = {row["turn_id"]: row for row in own if not self._turns.works_on(row["turn_id"])}
        self._missing = {turn_id: self._missing.get(turn_id, now) for turn_id in missing}
        return [row for turn_id, row in missing.items() if now - self._missing[turn_id] > LOST_SECONDS]
