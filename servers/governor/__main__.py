"""Composition root of the governor: `python -m servers.governor`.

The only place that builds its concrete objects.
"""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from prometheus_client import CollectorRegistry

from config import Settings
from config.process import run_service
from servers.governor.calibration.feedback import Feedback, SettledHalf
from servers.governor.calibration.store import CalibrationStore
from servers.governor.domain.levels import Health, Observation
from servers.governor.encoding.calibration import rated_settlement, settled_outcome
from servers.governor.ledger.budgets import Budgets
from servers.governor.ledger.holding import Holding
from servers.governor.ledger.settlement import Settlement
from servers.governor.ledger.store import LedgerStore
from servers.governor.metrics import GovernorMetrics
from servers.governor.planning.similarity import ToolSimilarity
from servers.governor.planning.store import PlanStore
from servers.governor.planning.turns import OwnView, Planning
from servers.governor.receipts.reading import Receipts
from servers.governor.rpc.servicer import GovernorServicer
from servers.governor.settings import GovernorSettings
from soma.governor.v1 import governor_service_pb2_grpc as governor_grpc
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.postgres.pool import Database
from soma_common.rpc.health import DependencyState, HealthBoard
from soma_common.rpc.process import ProcessSettings, keep_running, opened

SERVICE: Final = "soma.governor.v1.GovernorService"
_HEALTH: Final = {
    DependencyState.UNKNOWN: Health.UNKNOWN,
    DependencyState.UP: Health.UP,
    DependencyState.DOWN: Health.DOWN,
}


def view_of(board: HealthBoard) -> Sequence[Observation]:
    """What this process sees of its dependencies."""
    return [Observation(name, _HEALTH[seen.state]) for name, seen in board.snapshot().dependencies.items()]


def build(
    database: Database,
    events: EventStore,
    registry: CollectorRegistry,
    own_view: OwnView,
    clock: Clock,
    ids: Ids,
    settings: GovernorSettings,
) -> GovernorServicer:
    """The servicer with everything below it."""
    ledger = LedgerStore(settings.default_day_limit)
    plans = PlanStore(database, ledger)
    metrics = GovernorMetrics(registry, clock)
    feedback = Feedback(CalibrationStore(), SettledHalf(settled_outcome, rated_settlement))
    return GovernorServicer(
        planning=Planning(database, plans, events, metrics, own_view, ToolSimilarity(), clock, ids),
        holding=Holding(database, ledger, plans, metrics, clock, ids),
        settlement=Settlement(database, ledger, plans, feedback, events, metrics, clock),
        receipts=Receipts(database, plans),
        budgets=Budgets(database, ledger, events, clock),
        clock=clock,
    )


async def main(settings: Settings, own: ProcessSettings) -> None:
    """Serve until a signal."""
    slice_ = GovernorSettings.from_settings(settings)
    async with opened(own) as process:
        parts = (process.database, process.events, process.server.registry, lambda: view_of(process.health))
        servicer = build(*parts, process.clock, process.ids, slice_)
        process.consume(servicer.settlement.feedback.consumption())
        process.server.add(governor_grpc.add_GovernorServiceServicer_to_server, servicer, SERVICE)
        # In a thread: the start waits for nothing, and the first turn with tools finds the table there.
        loading = asyncio.create_task(asyncio.to_thread(servicer.planning.similarity.load))
        expiry = asyncio.create_task(
            keep_running("return expired holds", servicer.holding.return_expired, slice_.expiry_check_seconds)
        )
        try:
            await process.serve()
        finally:
            expiry.cancel()
            with suppress(asyncio.CancelledError):
                await expiry
            await loading


if __name__ == "__main__":
    sys.exit(run_service("governor", main))
