"""The one writer of the journal in this process: what has gathered of all turns becomes durable in one statement.

Nothing is told before it is durable. What a turn means is not known here.
"""

import asyncio
from typing import Final

from prometheus_client import CollectorRegistry, Histogram

from servers.chat.turns.instance import Instance
from servers.chat.turns.running import RunningTurn
from servers.chat.turns.stream import Numbered, pack
from soma_common.kernel.backoff import Backoff
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.logging import get_logger
from soma_common.postgres.house import HouseDatabase
from soma_common.postgres.queries import Queries
from soma_common.postgres.standing import StandingStatement

_SQL: Final = Queries.of("servers.chat", "sql/journal.sql")
_LOG: Final = get_logger("soma.chat.journal")
_PATIENCE: Final = Backoff(first_seconds=0.1, longest_seconds=1.0)
# Writes begin no nearer to one another than this, half a frame of a screen: deltas of many turns share a commit.
PACE_SECONDS: Final = 0.008

Group = list[tuple[RunningTurn, list[Numbered]]]


class Journal:
    """Queues events of turns and writes them in groups.

    A turn's first events and its last are written at once; the rest goes with the next write, a moment after the last.
    """

    def __init__(self, urls: HouseDatabase, instance: Instance, clock: Clock, registry: CollectorRegistry) -> None:
        self._statement = StandingStatement(urls, _SQL.append)
        self._instance = instance
        self._clock = clock
        self._dirty: dict[RunningTurn, None] = {}
        self._not_before = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._wanted = asyncio.Event()
        self._settled = asyncio.Event()
        self._group_size = Histogram(
            "soma_chat_journal_group_events",
            "Events that one journal write made durable.",
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512),
            registry=registry,
        )

    def wants(self, turn: RunningTurn) -> None:
        """Says that a turn has events to write; nobody waits for its first words longer than the write takes."""
        self._dirty[turn] = None
        if turn.spoke:
            self._soon()
        else:
            self._wanted.set()

    async def flush(self, turn: RunningTurn) -> None:
        """Waits until all events of a turn are durable and told, or the turn is lost."""
        if turn.pending or turn.unwritten:
            self._dirty[turn] = None
            self._wanted.set()
        while (turn.pending or turn.unwritten) and not turn.lost:
            settled = self._settled
            await settled.wait()

    async def run(self) -> None:
        """Writes until it is cancelled."""
        try:
            await self._keep_writing()
        finally:
            self._statement.close()

    async def _keep_writing(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            self._not_before = asyncio.get_running_loop().time() + PACE_SECONDS
            turns = list(self._dirty)
            self._dirty.clear()
            try:
                await self._write([(turn, events) for turn, events in self._taken(turns) if events])
            except Exception:
                # A defect: nobody may wait for ever for what this write should have made durable.
                self._dirty.update(dict.fromkeys(turns))
                self._wanted.set()
                raise
            finally:
                self._settled.set()
                self._settled = asyncio.Event()

    def _soon(self) -> None:
        """Wakes the writer, or has it woken once the pace allows."""
        if self._timer is not None or self._wanted.is_set():
            return
        loop = asyncio.get_running_loop()
        if loop.time() >= self._not_before:
            self._wanted.set()
        else:
            self._timer = loop.call_at(self._not_before, self._due)

    def _due(self) -> None:
        self._timer = None
        if self._dirty:
            self._wanted.set()

    def _taken(self, turns: list[RunningTurn]) -> Group:
        """What waits of the turns that are ours; a turn of an epoch before is another process' by now."""
        now = self._clock.now()
        own = [turn for turn in turns if turn.lease_epoch == self._instance.epoch]
        for turn in turns:
            if turn not in own and not turn.lost:
                turn.lose()
        return [(turn, turn.take(now)) for turn in own]

    async def _write(self, group: Group) -> None:
        if not group:
            return
        if not await self._persist(group):
            await self._instance.register()
            for turn, _ in group:
                turn.lose()
            return
        self._group_size.observe(sum(len(events) for _, events in group))
        for turn, events in group:
            turn.settlement = None
            turn.tell(events)

    async def _persist(self, group: Group) -> bool:
        """Writes until the database takes it; False when this process lost its turns to another one.

        A repeat after an unknown outcome writes the same rows again, which changes nothing.
        """
        failures = 0
        while True:
            try:
                return await self._append(group)
            except SomaError as error:
                failures += 1
                if failures == 1:
                    _LOG.warning("the journal waits for the database", reason=error.reason.value, turns=len(group))
                await asyncio.sleep(_PATIENCE.limit_seconds(failures))

    async def _append(self, group: Group) -> bool:
        living = await self._statement.rows(
            self._instance.name,
            self._instance.epoch,
            [turn.order.caller.tenant_id for turn, _ in group],
            [turn.turn_id for turn, _ in group],
            [events[0].sequence for _, events in group],
            [events[-1].sequence for _, events in group],
            [pack(events) for _, events in group],
            [turn.settlement for turn, _ in group],
        )
        return bool(living)
