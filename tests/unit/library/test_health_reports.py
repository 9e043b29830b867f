"""What a process tells the governor of its dependencies, and when."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.health import DependencyState, HealthBoard
from soma_common.rpc.health_reports import EVERY_SECONDS, HealthReporter, Sight
from soma_common.testing.clock import SetClock
from soma_common.testing.eventually import eventually

UP, DEGRADED, DOWN = DependencyState.UP, DependencyState.DEGRADED, DependencyState.DOWN


class Ear:
    """Who hears the reports, while it is there."""

    def __init__(self) -> None:
        self.heard: list[tuple[Sight, ...]] = []
        self.away = False
        self.missed = 0

    async def tell(self, seen: Sequence[Sight]) -> None:
        if self.away:
            self.missed += 1
            raise SomaError(Reason.DEPENDENCY_DOWN, {"dependency": "governor"})
        self.heard.append(tuple(seen))


async def test_probes_and_breakers_are_one_report_and_the_worse_counts() -> None:
    board, ear = HealthBoard(), Ear()
    board.set("memory", UP)
    board.set("events", UP)
    board.set("signals", DependencyState.UNKNOWN)
    views = [lambda: [Sight("memory", DOWN, "it failed"), Sight("model", DEGRADED)]]
    reporter = HealthReporter(board, views, ear.tell, Clock())
    assert reporter.sights() == (Sight("events", UP), Sight("memory", DOWN, "it failed"), Sight("model", DEGRADED))


async def test_a_change_is_told_at_once_and_else_again_after_a_while() -> None:
    board, ear, clock = HealthBoard(), Ear(), SetClock()
    board.set("events", UP)
    running = asyncio.create_task(HealthReporter(board, (), ear.tell, clock).run())
    try:
        await eventually(lambda: ear.heard == [(Sight("events", UP),)])
        board.set("events", DOWN)
        await eventually(lambda: ear.heard[1:] == [(Sight("events", DOWN),)], within_seconds=0.4)
        clock.advance(EVERY_SECONDS)
        await eventually(lambda: ear.heard[2:] == [(Sight("events", DOWN),)])
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_a_governor_that_was_away_hears_it_when_it_is_back() -> None:
    board, ear = HealthBoard(), Ear()
    board.set("events", DOWN)
    ear.away = True
    running = asyncio.create_task(HealthReporter(board, (), ear.tell, SetClock()).run())
    try:
        await eventually(lambda: ear.missed)
        ear.away = False
        await eventually(lambda: ear.heard == [(Sight("events", DOWN),)])
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
